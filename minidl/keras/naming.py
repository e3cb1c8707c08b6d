"""How the modules of this dialect name what lies in the engine, when somebody asks; and what they say of what minidl leaves out."""
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NoReturn

from minidl.registry import nearest

WHOLE_MODULES = {  # what minidl leaves out of modules of which it has nothing
    "applications": "it has no nets that others have trained; train one with minidl, save it, and take load_model(…).layers",
    "text": "make numbers of the text first, as with scikit-learn's CountVectorizer, and use Dense",
    "sequence": "it has no networks with memory; make rows of numbers of one length, and use Dense",
}


def homes(module: str, *names: str, **renamed: str) -> dict[str, str]:
    """Where to find names: those that ``module`` has itself, and others (``MaxPool2D="MaxPooling2D"``) with what they are called there."""
    return {name: f"{module}:{there}" for name, there in {**{name: name for name in names}, **renamed}.items()}


def found(module: str, name: str, names: Mapping[str, str], left_out: Mapping[str, str], also: Iterable[str] = ()) -> Any:
    """What ``name`` means in this module of the dialect. Something left out is found too, so that importing it does no harm; it raises
    NotImplementedError when it is used. Any other name raises AttributeError with the nearest ones; ``also`` are
    names that the module has itself."""
    if name in names:
        home, _, there = names[name].partition(":")
        return getattr(import_module(home), there) if there else import_module(home)
    if name == "__all__":  # from minidl.keras.layers import *
        return sorted({*names, *left_out})
    if name in left_out:
        place = "tf" if module == "minidl" else module.removeprefix("minidl.")
        return missing(name, f"minidl leaves {place}.{name} out: {left_out[name]}")
    raise AttributeError(f"module {module!r} has no {name!r}: {nearest(name, [*names, *left_out, *also])}", name=name)


class _LeftOut(type):
    """The class of what minidl leaves out: whatever is done with it raises its docstring."""

    def __call__(cls, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(cls.__doc__)

    def __getattr__(cls, name: str) -> NoReturn:
        raise (AttributeError if name.startswith("__") else NotImplementedError)(cls.__doc__)


def missing(name: str, sentence: str) -> type:
    """In the place of what minidl leaves out: a class that raises the sentence when it is called, subclassed, or asked for something."""

    def refuse(cls: type) -> NoReturn:
        raise NotImplementedError(sentence)

    return _LeftOut(name, (), {"__doc__": sentence, "__init_subclass__": refuse})
