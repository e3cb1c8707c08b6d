"""minidl: a neural-network engine in NumPy that people learn from.

The core is loaded here; everything else when it is first used, so that ``import minidl`` costs nothing but NumPy."""
from importlib import import_module
from typing import TYPE_CHECKING, Any

import minidl.autograd
import minidl.kernels.numpy
import minidl.ops  # noqa: F401  (with autograd, what a Tensor can do)

if TYPE_CHECKING:
    from minidl.autograd import backward_steps as backward_steps
    from minidl.autograd import grad as grad
    from minidl.checking import gradcheck as gradcheck
    from minidl.detecting import detect_changes as detect_changes
    from minidl.detecting import detect_nonfinite as detect_nonfinite
    from minidl.devices import use_backend as use_backend
    from minidl.devices import use_tf32 as use_tf32
    from minidl.higher_order import hvp as hvp
    from minidl.higher_order import jacobian as jacobian
    from minidl.layers import Input as Input
    from minidl.ledger import Ledger as Ledger
    from minidl.ledger import descend as descend
    from minidl.models import Model as Model
    from minidl.models import Sequential as Sequential
    from minidl.random_numbers import set_seed as set_seed
    from minidl.stepper import record as record
    from minidl.styles import use_style as use_style
    from minidl.switches import no_grad as no_grad
    from minidl.switches import reference_only as reference_only
    from minidl.tensor import Kernel as Kernel
    from minidl.tensor import Tensor as Tensor
    from minidl.tensor import composite as composite
    from minidl.tensor import op as op
    from minidl.tracing import why_no_grad as why_no_grad

__version__ = "0.1.0"

_modules = {
    "activations", "attribution", "autograd", "backend", "callbacks", "config", "dashboard", "data", "explorer", "initializers",
    "kernels", "layers", "losses", "metrics", "models", "nets", "ops", "optimizers", "plots", "regularizers", "stepper",
}  # fmt: skip
_homes = {
    **dict.fromkeys(["backward_steps", "grad"], "autograd"),
    "gradcheck": "checking",
    **dict.fromkeys(["detect_changes", "detect_nonfinite"], "detecting"),
    **dict.fromkeys(["use_backend", "use_tf32"], "devices"),
    **dict.fromkeys(["hvp", "jacobian"], "higher_order"),
    "Input": "layers",
    **dict.fromkeys(["Ledger", "descend"], "ledger"),
    **dict.fromkeys(["Model", "Sequential"], "models"),
    "set_seed": "random_numbers",
    "record": "stepper",
    "use_style": "styles",
    **dict.fromkeys(["no_grad", "reference_only"], "switches"),
    **dict.fromkeys(["Kernel", "Tensor", "composite", "op"], "tensor"),
    "why_no_grad": "tracing",
}

__all__ = ["__version__", *sorted(_modules), *sorted(_homes)]


def __getattr__(name: str) -> Any:
    if name not in _modules and name not in _homes:
        if name.startswith("__"):
            raise AttributeError(f"module 'minidl' has no attribute {name!r}")
        return import_module("minidl.keras.tensorflow").named(name, [*_modules, *_homes])  # import minidl as tf
    if name in _modules:
        return import_module(f"minidl.{name}")
    value = globals()[name] = getattr(import_module(f"minidl.{_homes[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
