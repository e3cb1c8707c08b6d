"""``minidl evaluate`` and ``minidl predict``: what to do with a folder that ``minidl train`` left."""
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from minidl.cli.datasets import NAMES, choose, load
from minidl.cli.train import measure
from minidl.data.folder import read_picture
from minidl.nets import NETS

console = Console(highlight=False, soft_wrap=True)


def open_run(run: Path) -> tuple[Any, dict[str, Any]]:
    """The trained model and the settings of a run folder; ValueError or FileNotFoundError if it is none."""
    if run.is_file():
        raise ValueError(f"{run} is a file: name the folder that minidl train left")
    if not run.is_dir():
        raise FileNotFoundError(f"there is no folder {run}")
    for name in ("config.json", "weights.npz"):
        if not (run / name).is_file():
            raise FileNotFoundError(f"{run} is not the folder of a run: it has no {name}")
    try:
        settings = json.loads((run / "config.json").read_text(encoding="utf-8"))
        names, (height, width, channels) = settings["class_names"], settings["input_shape"]
        if not all(isinstance(name, str) for name in names) or not isinstance(settings["dataset"], str):
            raise ValueError("names must be texts")
        model = NETS[settings["model"]]((height, width, channels), len(names))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{run / 'config.json'} is damaged ({error})") from None
    model.load_weights(run / "weights.npz")
    return model, settings


def evaluate_run(run: Path, dataset: str | None, data_dir: Path | None) -> None:
    """Print the test accuracy of a run's net, on its own test pictures or on others."""
    model, settings = open_run(run)
    height, width, channels = settings["input_shape"]
    if dataset is None and data_dir is None and settings.get("data_dir"):
        data_dir = Path(settings["data_dir"])
    own = settings["dataset"]
    if dataset is None and own not in NAMES and not Path(own).is_dir():
        raise FileNotFoundError(f"the pictures of this run were in {own}, which is no folder now: --dataset says where they are")
    chosen, sentence = choose(dataset or own, settings["model"], data_dir)
    console.print(sentence)
    pictures = load(chosen, data_dir, (height, width), "grayscale" if channels == 1 else "rgb")
    if list(pictures.class_names) != settings["class_names"]:
        known, given = ", ".join(settings["class_names"]), ", ".join(pictures.class_names)
        raise ValueError(f"the net was trained on {known}; these pictures are {given}")
    _, accuracy = measure(model, pictures.test)
    console.print(f"test accuracy {accuracy:.4f}")


def predict_pictures(run: Path, pictures: list[Path]) -> None:
    """Print the three likeliest classes of each picture."""
    model, settings = open_run(run)
    height, width, channels = settings["input_shape"]
    arrays = [read_picture(path, (height, width), "grayscale" if channels == 1 else "rgb") for path in pictures]
    batch = np.stack(arrays).astype("float32") / 255
    probabilities, _ = measure(model, (batch, np.zeros(len(batch), int)))
    longest = max(len(str(path)) for path in pictures)
    for path, row in zip(pictures, probabilities):
        best = row.argsort()[::-1][:3]
        console.print(f"{str(path).ljust(longest)}  " + "  ".join(f"{settings['class_names'][i]} {row[i]:.1%}" for i in best), markup=False)
