"""``.keras`` files and ``.weights.h5`` files."""
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minidl.saving.archive import CONFIG, WEIGHTS, read_archive, write_archive
from minidl.saving.bounds import Bounds
from minidl.saving.formats import replacing
from minidl.saving.hdf5 import hdf5_bytes, read_hdf5
from minidl.saving.keras_reading import KerasReader
from minidl.saving.keras_weights import STATE_GROUP, grouped, groups_of, put_state, put_weights, state_of
from minidl.saving.keras_writing import KerasWriter

SMALLEST = 2  # bytes of a weight: those of float16
DAMAGED = (KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError)  # a description that is none


def write_keras(path: Path, model: Any) -> None:
    """Write layers, connections and weights; where the model is compiled, its settings and the optimizer's state."""
    writer = KerasWriter()
    config, optimizer = writer.layer(model), model.optimizer
    if optimizer is not None:
        settings = model.compile_arguments | {"optimizer": optimizer}
        config = config | {"compile_config": writer.value(settings, "the compile settings")}
    write_archive(path, config, _weights(model))


def write_h5(path: Path, model: Any) -> None:
    """Write the weights, and where the model is compiled the optimizer's state, as Keras 3 does."""
    contents = _weights(model)
    with replacing(path) as file:
        file.write(contents)


def _weights(model: Any) -> bytes:
    groups = groups_of(model)
    if (optimizer := model.optimizer) is not None:
        scheduled = callable(optimizer.get_config()["learning_rate"])
        groups[STATE_GROUP] = (optimizer.name, state_of(optimizer, model.trainable_variables, scheduled))
    return hdf5_bytes(groups)


def read_keras(path: Path, models: Mapping[str, Any], custom: Mapping[str, Any] | None, compile: bool) -> Any:
    """The model in a ``.keras`` file; ValueError that names the file, and the layer or entry that was wrong."""
    try:
        config, contents = read_archive(path)
        bounds = Bounds(len(contents) // SMALLEST)
        reader = KerasReader(models, custom, bounds)
        try:
            model = reader.layer(config)
        finally:
            bounds.release()
        if not hasattr(model, "calls"):
            raise ValueError(f"{CONFIG} describes a {type(model).__name__}, and not a model")
        groups = _groups(contents, WEIGHTS)
        put_weights(model, groups, reader.layers_of)
        settings = config.get("compile_config")
        if compile and settings and settings.get("optimizer") is not None:
            model.compile(**reader.compile_arguments(settings, model.output_names))
            if model.built and (why := put_state(model.optimizer, model.trainable_variables, groups.get(STATE_GROUP, []))):
                warnings.warn(f"{path}: the optimizer starts anew, there is no state for it: {why}", UserWarning, stacklevel=3)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except DAMAGED as error:
        raise ValueError(f"{path} is damaged: its {CONFIG} is not what Keras or minidl write ({error!r:.100})") from error
    return model


def read_h5(path: Path, model: Any) -> None:
    """Take over the weights in a ``.weights.h5`` file, or those in a ``.keras`` file."""
    try:
        if path.suffix == ".keras":
            put_weights(model, _groups(read_archive(path, only_weights=True)[1], WEIGHTS))
        else:
            put_weights(model, _groups(path.read_bytes(), ""))
    except ValueError as error:
        raise ValueError(f"{path} does not fit this model, or is damaged: {error}") from None


def _groups(contents: bytes, entry: str) -> dict[str, list[Any]]:
    try:
        return grouped(read_hdf5(contents))
    except ValueError as error:
        raise ValueError(f"{entry}: {error}" if entry else str(error)) from error
