"""minidl: a neural-network engine in NumPy that people learn from."""
from typing import Any

__version__ = "0.1.0"

_where = {
    "minidl.autograd": ("backward_steps", "grad"),
    "minidl.higher_order": ("hvp", "jacobian"),
    "minidl.layers": ("Input",),
    "minidl.models": ("Model", "Sequential"),
    "minidl.random_numbers": ("set_seed",),
    "minidl.switches": ("no_grad", "reference_only"),
    "minidl.tensor": ("Kernel", "Tensor", "composite", "op"),
}
_modules = ("activations", "backend", "callbacks", "data", "initializers", "kernels", "layers", "losses", "metrics", "models", "ops", "optimizers", "plots")
_home = {name: module for module, names in _where.items() for name in names}

__all__ = [*_modules, *_home]  # noqa: PLE0604
