"""Fast forms of the ops for CuPy: CUDA kernels that fuse what the readable ops do one after the other.

The kernels are in the ``.cu`` files beside this one, compiled when they are first used; the modules here say which array goes where.
Nothing here imports CuPy by itself."""
from minidl import devices, ops, random_numbers
from minidl.kernels.cupy import convolution, dense, graphs, noise, pooling, probabilities, updates
from minidl.tensor import Kernel, Op

KERNELS: dict[Op, Kernel] = {
    ops.conv2d: convolution.conv2d,
    ops.convolution_layer: convolution.convolution_layer,
    ops.convolution_and_pooling: convolution.convolution_and_pooling,
    ops.im2col: convolution.im2col,
    ops.col2im: convolution.col2im,
    ops.dense_layer: dense.dense_layer,
    ops.matmul: dense.matmul,
    ops.max_pool2d: pooling.max_pool2d,
    ops.average_pool2d: pooling.average_pool2d,
    ops.softmax: probabilities.softmax,
    ops.crossentropy: probabilities.crossentropy,
}


def attach(name: str = "cupy") -> None:
    """Use these kernels for the arrays of the backend of that name."""
    for op, kernel in KERNELS.items():
        op.kernels[name] = kernel
    devices.fused_updates.update({(name, rule): update for rule, update in updates.UPDATES.items()})
    random_numbers.masks[name] = noise.keep_mask


def detach(name: str) -> None:
    """Undo `attach`."""
    for op in KERNELS:
        del op.kernels[name]
    for rule in updates.UPDATES:
        del devices.fused_updates[name, rule]
    del random_numbers.masks[name]


attach()
devices.recorders["cupy"], devices.free_memory["cupy"] = graphs.Recorder, graphs.free_memory
