"""Where a model looks: what each layer makes of a picture, and which pixels its answer hangs on."""
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from minidl import activations, ops
from minidl.autograd import grad
from minidl.backend import move, owner, to_numpy
from minidl.batches import Batch, arrays_of
from minidl.checks import whole
from minidl.layers import Activation, Conv2D, Dense, ReLU, Softmax
from minidl.layers.base import Layer
from minidl.registry import nearest
from minidl.symbolic import Call, flat, map_structure
from minidl.tensor import Tensor

Values = dict[Any, Tensor]


def layer_outputs(model: Any, x: Any, training: bool = False) -> dict[str, Tensor]:
    """What each layer of a model makes of a batch ``x``: Tensors by the layers' names, in the order of the computation. They are
    recorded, so that `minidl.grad` can ask how one depends on another. A layer that is used twice gives what it gave last."""
    values = _run(model, x, training)
    return {call.layer.name: values[call.outputs[0]] for call in _calls(model)}


def silent_units(model: Any, x: Any) -> dict[str, np.ndarray]:
    """Which units of each layer with ReLU give 0 for every example of the batch ``x``: bools (units,) by the layers' names. A unit of a
    convolution is a filter."""
    found = {}
    for name, y in layer_outputs(model, x).items():
        layer = model.get_layer(name)
        if isinstance(layer, ReLU) or activations.name_of(getattr(layer, "activation", None)) == "relu":
            found[name] = (y.numpy().reshape(-1, y.shape[-1]) <= 0).all(axis=0)
    return found


def saliency(model: Any, x: Any, classes: Any = None, samples: int = 1, noise: float = 0.1, seed: int = 0) -> np.ndarray:
    """How strongly each pixel moves the score of a class: the largest |∂score/∂pixel| over the colours, (n, H, W), scaled to 0…1 for each
    picture (Simonyan, Vedaldi & Zisserman 2014).

    ``x``: pictures (n, H, W, C) as the model takes them. ``classes``: a class number, or one for each picture; by default the one that
    the model answers. With ``samples`` > 1 the mean over so many copies with Gaussian noise is taken, of a standard deviation of ``noise``
    times the range of the picture (SmoothGrad, Smilkov et al. 2017)."""
    pictures = _pictures(x)
    chosen = _classes(model, pictures, classes)
    rng, total = np.random.default_rng(seed), np.zeros(pictures.shape[:3])
    spread = noise * (pictures.max(axis=(1, 2, 3), keepdims=True) - pictures.min(axis=(1, 2, 3), keepdims=True))
    for _ in range(whole("samples", samples)):
        noisy = pictures + spread * rng.standard_normal(pictures.shape) * (samples > 1)
        values, score = _scores(model, noisy, chosen)
        (g,) = grad(score.sum(), [values[model.inputs[0]]])
        total += np.abs(g.numpy()).max(axis=3)
    return _scaled(total)


def grad_cam(model: Any, x: Any, classes: Any = None, layer: str | None = None, kind: str = "gradcam") -> np.ndarray:
    """Which places speak for a class, (n, H, W), scaled to 0…1 for each picture: Grad-CAM (Selvaraju et al. 2017, eqs. 1 and 2), the
    rectified sum of a layer's feature maps, each weighed by the mean gradient of the class's score:

        α = mean over the places of ∂score/∂A        map = relu(Σ α A)

    ``kind="gradcam++"`` weighs the gradients of the places (Chattopadhay et al. 2018, eqs. 10 and 19), which finds several objects of a
    class better. ``layer``: the name of a layer that makes feature maps, by default the last convolution. The map is enlarged to the size
    of the picture. ``x`` and ``classes``: as for `saliency`."""
    if kind not in ("gradcam", "gradcam++"):
        raise ValueError(f"kind must be 'gradcam' or 'gradcam++'; got {kind!r}")
    pictures = _pictures(x)
    values, score = _scores(model, pictures, _classes(model, pictures, classes))
    maps = values[_maps_of(model, layer).outputs[0]]
    (gradient,) = grad(score.sum(), [maps])
    a, g = maps.numpy().astype(float), gradient.numpy().astype(float)
    if kind == "gradcam":
        weights = g.mean(axis=(1, 2))
    else:  # the paper's factor e^score is the same for all and falls out
        below = 2 * g**2 + a.sum(axis=(1, 2), keepdims=True) * g**3
        share = np.divide(g**2, below, out=np.zeros_like(g), where=np.abs(below) > 1e-30)
        weights = (share * np.maximum(g, 0)).sum(axis=(1, 2))
    heat = np.maximum(np.einsum("nhwc,nc->nhw", a, weights), 0)
    return _scaled(np.stack([_enlarged(one, pictures.shape[1:3]) for one in heat]))


def probabilities(answers: Any) -> np.ndarray:
    """(n, classes) of what a classifier gives: probabilities, scores before a softmax, or one number for class 1 and against class 0."""
    given = np.asarray(answers, float)
    scores = bool((given < 0).any() or (given > 1).any())
    if given.shape[1] == 1:  # the sigmoid of s is the softmax of (−s/2, s/2)
        given = np.concatenate([-given / 2, given / 2] if scores else [1 - given, given], axis=1)
    if not scores:
        return given
    with np.errstate(invalid="ignore"):
        e = np.exp(given - given.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


# ---------------------------------------------------------------- running a model layer by layer


def _calls(model: Any) -> Iterator[Call]:
    if not getattr(model, "calls", None):
        raise ValueError("this needs a model whose layers are connected: Model(inputs, outputs), or a Sequential with an Input")
    return (call for call in model.calls if call.inputs)


def _run(model: Any, x: Any, training: bool = False) -> Values:
    """What flows at each place of the model."""
    calls = list(_calls(model))
    (batch,) = model.prepared([Batch(arrays_of(x, "x"), None, None)])
    inputs = map_structure(lambda t: Tensor(t.data, requires_grad=True), batch.x)
    values: Values = dict(zip(model.inputs, model.arranged(inputs)))
    for call in calls:
        outputs = call.layer(*map_structure(values.__getitem__, call.inputs), training=training)
        values.update(zip(call.outputs, flat(outputs)))
    return values


def _scores(model: Any, pictures: np.ndarray, classes: np.ndarray) -> tuple[Values, Tensor]:
    """What flows in the model, and the score of the chosen class of each picture: what goes into a last softmax or sigmoid, because
    what comes out is flat where the model is sure."""
    values = _run(model, pictures)
    scores = _before_activation(model, values)
    if scores.ndim != 2:
        raise ValueError(f"this needs a model that gives (batch, classes); the output of {model.name!r} has shape {scores.shape}")
    if scores.shape[1] == 1:  # one number: for class 1, and against class 0
        scores = ops.concatenate(-scores, scores, axis=1)
    if classes.min() < 0 or classes.max() >= scores.shape[1]:
        raise ValueError(f"classes must lie in 0…{scores.shape[1] - 1}; got {classes.tolist()}")
    chosen = np.zeros(scores.shape, scores.dtype)
    chosen[np.arange(len(classes)), classes] = 1
    return values, (scores * move(chosen, owner(scores.data))).sum(axis=1)


def _before_activation(model: Any, values: Values) -> Tensor:
    call = model.outputs[0].call
    layer: Layer = call.layer
    bent = (ops.softmax, ops.sigmoid)
    if isinstance(layer, Softmax) or isinstance(layer, Activation) and layer.activation in bent:
        return values[flat(call.inputs)[0]]
    if isinstance(layer, Dense) and layer.activation in bent:
        return ops.dense_layer(values[flat(call.inputs)[0]], layer.kernel, layer.bias, activation=activations.linear)
    return values[model.outputs[0]]


def _classes(model: Any, pictures: np.ndarray, classes: Any) -> np.ndarray:
    if classes is None:
        scores = _before_activation(model, _run(model, pictures)).numpy()
        return np.asarray(scores.argmax(axis=-1) if scores.shape[-1] > 1 else scores[..., 0] > 0, np.int64).reshape(len(pictures))
    chosen = np.asarray(classes)
    if chosen.dtype.kind not in "iu" or chosen.size not in (1, len(pictures)):
        raise ValueError(f"classes must be a class number, or one for each of the {len(pictures)} pictures; got {classes!r}")
    return np.broadcast_to(chosen.reshape(-1), (len(pictures),)).astype(np.int64)


def _maps_of(model: Any, name: str | None) -> Call:
    """The call that makes the feature maps: of the layer of that name, or of the last convolution."""
    able = [call for call in _calls(model) if len(call.outputs[0].shape) == 4]
    if name is None:
        found = [call for call in able if isinstance(call.layer, Conv2D)] or able
        if not found:
            raise ValueError(f"model {model.name!r} has no layer that makes feature maps")
        return found[-1]
    for call in able:
        if call.layer.name == name:
            return call
    raise ValueError(f"{name!r} makes no feature maps: {nearest(name, [call.layer.name for call in able])}")


def _pictures(x: Any) -> np.ndarray:
    given = arrays_of(x, "x")
    if isinstance(given, (list, tuple, dict)):
        raise ValueError(f"x must be one array of pictures (n, H, W, C); got {len(given)} arrays: np.stack makes one of them")
    pictures = to_numpy(given)
    if pictures.ndim != 4:
        one = " (one picture? give it a batch axis: x[None])" if pictures.ndim == 3 else ""
        raise ValueError(f"x must be pictures of shape (n, H, W, C); got {pictures.shape}{one}")
    return pictures.astype(float)


def _enlarged(heat: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BILINEAR), float)


def _scaled(heat: np.ndarray) -> np.ndarray:
    largest = heat.max(axis=(1, 2), keepdims=True)
    scaled: np.ndarray = np.divide(heat, largest, out=np.zeros_like(heat), where=largest > 0)
    return scaled
