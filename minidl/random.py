"""``tf.random``: random numbers under TensorFlow's names; `set_seed` is minidl's own."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.random_numbers",
    "set_seed",
) | homes(
    "minidl.keras.tensorflow",
    normal="random_normal", uniform="random_uniform", shuffle="random_shuffle",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "truncated_normal", "categorical", "gamma", "poisson", "Generator",
    ), "minidl.initializers and NumPy's generators draw it"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
