"""Arguments of Keras for which minidl has one choice only: that one is taken, any other answered with a sentence."""
import inspect
from typing import Any

PICTURES = {"data_format": (None, "channels_last")}
LIMITS = {"kernel_constraint": (None,), "bias_constraint": (None,)}
ONLY: dict[str, dict[str, tuple[Any, ...]]] = {  # by class and argument: the values that say what minidl does anyway
    "Conv2D": PICTURES | LIMITS | {"groups": (1,)},
    "Dense": LIMITS,
    "Dropout": {"noise_shape": (None,)},
    "SparseCategoricalCrossentropy": {"ignore_class": (None,)},
    **dict.fromkeys(("AveragePooling2D", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "MaxPooling2D", "RandomContrast",
                     "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "UpSampling2D", "ZeroPadding2D"), PICTURES),
}  # fmt: skip
OPTIMIZERS_ONLY = {
    "use_ema": (False, None), "ema_momentum": (0.99,), "ema_overwrite_frequency": (None,), "jit_compile": (True, False, None),
    "loss_scale_factor": (None,), "gradient_accumulation_steps": (None,),
}  # fmt: skip




def take_only(kind: type, kwargs: dict[str, Any], only: dict[str, tuple[Any, ...]] | None = None) -> None:
    """Take the arguments in ``only`` (or in `ONLY`, for this class) out of ``kwargs``, if its ``__init__`` does not know them; TypeError
    for a value that minidl does not offer."""
    only = ONLY.get(kind.__name__, {}) if only is None else only
    for name in kwargs.keys() & only.keys() - inspect.signature(kind.__init__).parameters.keys():  # type: ignore[misc]
        value = kwargs.pop(name)
        if value not in only[name]:
            raise TypeError(f"{kind.__name__} has no argument {name!r} for {value!r}: minidl has {name}={only[name][0]!r} only")
