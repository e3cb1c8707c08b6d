"""Keras' names for what minidl has: replace the word ``tensorflow`` in a course's code by ``minidl``, and it runs.

    from minidl import keras
    from minidl.keras.layers import Conv2D, MaxPool2D

Nothing is implemented here. Each module says which class or function of the engine a name means; `adapters` and `tensorflow` change the
order of arguments where it differs. What minidl leaves out raises one sentence that says what to use instead, when it is used."""
from typing import Any

from minidl.keras.naming import WHOLE_MODULES, found, homes

_modules = (
    "activations", "backend", "callbacks", "datasets", "initializers", "layers", "losses", "metrics", "models",
    "optimizers", "preprocessing", "regularizers", "utils", "wrappers",
)  # fmt: skip
NAMES = homes("minidl.models", "Model", "Sequential") | homes("minidl.keras.adapters", "Input") | {
    "Layer": "minidl.layers:Layer", "Variable": "minidl.tapes:Variable", "random": "minidl.random", "__version__": "minidl:__version__",
} | {name: f"minidl.keras.{name}" for name in _modules}  # fmt: skip
LEFT_OUT = {
    "applications": WHOLE_MODULES["applications"],
    "ops": "minidl.ops has the functions of Tensors, arrays first and everything else by name",
    "export": "model.save('x.keras') and load_model keep a model",
    "distribution": "minidl computes on one machine",
    "mixed_precision": "minidl computes in float32 (on a GPU with minidl.use_tf32)",
    "constraints": "use regularizers",
}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
