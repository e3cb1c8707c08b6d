"""What minidl's building blocks are called in Keras' files, and which of Keras' arguments minidl does without.

Most have the same names and arguments in both; only the differences stand here. Sources: the configurations that Keras 2.13, 2.14, 2.15 and
3.15 write, and the attributes of their optimizers (``build`` in each optimizer's file)."""
import re
from typing import Any

# Where Keras keeps each kind; in a file, longer paths below these occur ("keras.src.layers.core.dense").
MODULES = {
    "layers": "keras.layers", "losses": "keras.losses", "metrics": "keras.metrics", "initializers": "keras.initializers",
    "regularizers": "keras.regularizers", "optimizers": "keras.optimizers", "schedules": "keras.optimizers.schedules",
}  # fmt: skip
FUNCTIONAL: dict[str, Any] = {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional"}
SEQUENTIAL: dict[str, Any] = {"module": "keras", "class_name": "Sequential", "registered_name": None}

# minidl's classes that Keras has under another name
CLASSES = {"optimizers.Momentum": "SGD"}

# Arguments of Keras that minidl has not, with the values at which they change nothing. Any other value is refused.
_ANY: Any = object()
NOTHING: dict[str, tuple[Any, ...]] = {
    # layers
    "data_format": ("channels_last", None), "groups": (1,), "noise_shape": (None,), "batch_input_shape": (_ANY,), "batch_shape": (_ANY,),
    **dict.fromkeys(
        (f"{what}_{kind}" for what in ("kernel", "bias", "activity", "gamma", "beta") for kind in ("regularizer", "constraint")), (None,)
    ),
    "quantization_config": (None,), "lora_rank": (None,), "lora_alpha": (_ANY,),
    "renorm": (False,), "renorm_clipping": (None,), "renorm_momentum": (_ANY,), "synchronized": (False,), "fused": (_ANY,),
    "virtual_batch_size": (None,), "adjustment": (None,),
    # initializers
    "input_axes": (None,), "output_axes": (None,),
    # losses and metrics: "fn" is the function behind a class that is known by its name
    "fn": (_ANY,), "ignore_class": (None,), "dtype": ("float32", None), "class_id": (None,),
    # optimizers
    "use_ema": (False,), "ema_momentum": (_ANY,), "ema_overwrite_frequency": (_ANY,), "jit_compile": (_ANY,), "decay": (None, 0, 0.0),
    "is_legacy_optimizer": (_ANY,), "loss_scale_factor": (None,), "gradient_accumulation_steps": (None,),
    # compile
    "weighted_metrics": (None, []), "run_eagerly": (_ANY,), "steps_per_execution": (_ANY,), "auto_scale_loss": (_ANY,),
}  # fmt: skip

# Arguments of minidl that Keras has not; they say what another argument says, too, or nothing that is needed.
OURS = {"LeakyReLU": {"alpha"}}

# In which order an optimizer's state is kept: groups of slots, parameter by parameter in each group.
STATE = {
    "Adam": (("momentum", "velocity"), ("velocity_hat",)),
    "RMSprop": (("velocity",), ("momentum",), ("average_gradient",)),
}


def changes_nothing(argument: str, value: Any) -> bool:
    """Whether an argument that minidl has not has no effect at this value."""
    return any(allowed is _ANY or type(allowed) is type(value) and allowed == value for allowed in NOTHING.get(argument, ()))


def kind_of(module: Any) -> str | None:
    """Which of `MODULES` a module of Keras belongs to: "keras.src.layers.core.dense" is one of "layers". None if it is not Keras'."""
    parts = str(module).split(".")
    if parts[0] not in ("keras", "tf_keras"):
        return None
    return "schedules" if "schedules" in parts else next((part for part in parts if part in MODULES), "models")


def group_name(class_name: str) -> str:
    """conv2d for Conv2D, re_lu for ReLU: what Keras calls the weights of a layer in its files, before it counts them."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
