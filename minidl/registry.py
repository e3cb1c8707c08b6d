"""Building blocks by name: "relu", "adam", "mse" … in place of the object, with the nearest known name where one is misspelt."""
import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, Self, TypeVar

from minidl.spellings import take_only

P = ParamSpec("P")
R = TypeVar("R")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error about ``name``: all the known names where they are few, else those that look like it."""
    known = sorted(known)
    spelt = {each.lower(): each for each in known}
    close = [spelt[each] for each in difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.55)]
    there_are = f"there are {', '.join(known)}" if len(known) > 1 else f"there is only {known[0]}" if known else "there are none"
    if not close:
        return there_are
    return f"did you mean {' or '.join(map(repr, close))}?" + (f" ({there_are})" if len(known) <= 8 else "")


def look_up(name: Any, known: Mapping[str, Any], what: str) -> Any:
    """What ``known`` has under ``name``, in any spelling of case and underscores; ValueError with the nearest names otherwise."""
    if not isinstance(name, str):
        raise TypeError(f"{what}: expected a name, an object or a function; got {type(name).__name__}")
    plain = {key.lower().replace("_", ""): value for key, value in known.items()}
    try:
        return plain[name.lower().replace("_", "")]
    except KeyError:
        raise ValueError(f"no {what} is called {name!r}: {nearest(name, known)}") from None


class _Made(type):
    """What happens when a class is called: first, what all of a kind understand is taken out of the arguments."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        attributes = cls.understand(kwargs)  # type: ignore[attr-defined]
        made = super().__call__(*args, **kwargs)
        vars(made).update(attributes)
        return made


class Configured(metaclass=_Made):
    """A building block that remembers how it was made (``get_config``), can be made so again, and explains a misspelt argument."""

    _config: dict[str, Any]

    @classmethod
    def understand(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Take what ``__init__`` does not list out of ``kwargs``, or put it in other words; returns what becomes an attribute."""
        take_only(cls, kwargs)
        return {}

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        signature = inspect.signature(cls.__init__)
        if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            for name in kwargs:
                if name not in signature.parameters:
                    raise TypeError(f"{cls.__name__} has no argument {name!r}: {nearest(name, [*signature.parameters][1:])}")
        made = super().__new__(cls)
        try:
            bound = signature.bind(made, *args, **kwargs)
        except TypeError:
            return made  # __init__ will say what is missing
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, value in [*bound.arguments.items()][1:]:
            config |= value if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        object.__setattr__(made, "_config", config)
        return made

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like it: those it was made with, or what became of them in its attributes."""
        return {name: getattr(self, name, value) for name, value in self._config.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another one, made with the same arguments."""
        return cls(**config)


def explain_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """A decorator: a misspelt keyword argument is answered with the nearest known one."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in names:
                raise TypeError(f"{function.__name__} has no argument {name!r}: {nearest(name, names)}")
        return function(*args, **kwargs)

    return call
