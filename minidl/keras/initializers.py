"""Keras' initializers."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.initializers",
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Initializer", "LecunNormal", "LecunUniform", "Ones",
    "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "get", constant="Constant",
    glorot_normal="GlorotNormal", glorot_uniform="GlorotUniform", he_normal="HeNormal", he_uniform="HeUniform",
    lecun_normal="LecunNormal", lecun_uniform="LecunUniform", ones="Ones", orthogonal="Orthogonal", random_normal="RandomNormal",
    random_uniform="RandomUniform", truncated_normal="TruncatedNormal", variance_scaling="VarianceScaling", zeros="Zeros",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "Identity", "IdentityInitializer", "STFT",
    ), "any function of (shape, dtype) is an initializer"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
