"""minidl: a neural-network engine in NumPy that people learn from.

Everything is loaded when it is first used, so that ``import minidl`` costs nothing but NumPy."""
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_modules = {
    "activations", "autograd", "backend", "callbacks", "data", "initializers", "kernels", "layers", "losses", "metrics",
    "models", "nets", "ops", "optimizers", "plots",
}  # fmt: skip
_homes = {
    "Input": "layers", "Kernel": "tensor", "Model": "models", "Sequential": "models", "Tensor": "tensor", "backward_steps": "autograd",
    "composite": "tensor", "grad": "autograd", "gradcheck": "checking", "hvp": "higher_order", "jacobian": "higher_order",
    "no_grad": "switches", "op": "tensor", "reference_only": "switches", "set_seed": "random_numbers",
}  # fmt: skip

__all__ = ["__version__", *sorted(_modules), *sorted(_homes)]


def __getattr__(name: str) -> Any:
    if name not in _modules and name not in _homes:
        raise AttributeError(f"module 'minidl' has no attribute {name!r}")
    for needed in ("ops", "autograd") if name != "backend" else ():  # Tensor's operators, and its backward
        import_module(f"minidl.{needed}")
    if name in _modules:
        return import_module(f"minidl.{name}")
    value = globals()[name] = getattr(import_module(f"minidl.{_homes[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
