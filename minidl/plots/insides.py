"""Inside a trained model: the feature maps of a layer, and where the model looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minidl import attribution
from minidl.backend import to_numpy
from minidl.checks import whole

from .canvas import box, heading_height, listing, new_picture, show, write
from .inputs import Numbers, as_images, as_names
from .style import BLUES, GREY, HEAT, MARGIN, SMALL, SUBTITLE

SIDE, STEP = 1.3, 1.46  # inches: a picture, and the way to the next


def feature_maps(model: Any, image: Any, layer: str, count: int = 32, columns: int = 8, title: str | None = None) -> Figure:
    """What the layer of that name makes of one picture (H, W, C): its first ``count`` feature maps, each scaled by itself, with the picture
    beside them. The model gets the picture as it is, so scale it as for training."""
    image = np.asarray(to_numpy(image) if not isinstance(image, (list, tuple)) else image)
    if image.ndim != 3:
        first = " (a batch? take one picture of it: x[0])" if image.ndim == 4 else ""
        raise ValueError(f"image must be one picture of shape (H, W, C); got {image.shape}{first}")
    outputs = attribution.layer_outputs(model, image[None])
    if layer not in outputs or outputs[layer].ndim != 4:
        able = [name for name, y in outputs.items() if y.ndim == 4]
        raise ValueError(f"{layer!r} makes no feature maps; these do: {', '.join(able) or 'none'}")
    maps = outputs[layer].numpy()[0].astype(float)
    height, width, channels = maps.shape
    count, columns = min(whole("count", count), channels), min(whole("columns", columns), channels)
    silent = int((np.ptp(maps, axis=(0, 1)) == 0).sum())
    headline = f"{layer}: {channels} feature maps of {height}×{width}"
    subtitle = "each scaled from its least (white) to its largest number (dark)"
    if count < channels:
        subtitle += f"; the first {count} shown"
    if silent:
        subtitle += f"; {silent} the same everywhere"
    quiet = f" {silent} of them {'is' if silent == 1 else 'are'} the same everywhere." if silent else ""
    side, rows = 0.85, -(-count // columns)
    figure = new_picture(
        SIDE + 0.4 + columns * (side + 0.1), max(rows * (side + 0.3), SIDE + 0.3), title or headline, subtitle, f"{headline}.{quiet}"
    )
    top = heading_height(subtitle)
    _picture(figure, _seen(image[None])[0], MARGIN, top, SIDE)
    write(figure, MARGIN, top + SIDE + 0.17, "the picture", size=SMALL, color=GREY, va="center")
    for k in range(count):
        row, column = divmod(k, columns)
        left, upper = MARGIN + SIDE + 0.4 + column * (side + 0.1), top + row * (side + 0.3)
        one = maps[:, :, k]
        high = one.max() if np.ptp(one) else one.max() + 1
        show(figure, one, left, upper, side, side * height / max(height, width), "#CCCCCC", 0.5, cmap=BLUES, vmin=one.min(), vmax=high)
        write(figure, left, upper + side + 0.11, str(k), size=SMALL - 1, color=GREY, va="center", gid="number")
    return figure


def grad_cam(
    model: Any, images: Any, classes: Any = None, layer: str | None = None, kind: str = "gradcam", class_names: Iterable[Any] | None = None,
    title: str | None = None,
) -> Figure:  # fmt: skip
    """Where pictures speak for a class, by `minidl.attribution.grad_cam`: a column for each picture with the picture, the map, and both
    blended. ``images``: (n, H, W, C) as the model takes them; ``class_names`` are written under the pictures."""
    heat = attribution.grad_cam(model, images, classes, layer, kind)
    name = {"gradcam": "Grad-CAM", "gradcam++": "Grad-CAM++"}[kind]
    said = "dark: speaks most for the class below"
    return _attributions(model, images, heat, classes, class_names, title or f"{name}: what speaks for the answer", said)


def saliency(
    model: Any, images: Any, classes: Any = None, samples: int = 1, class_names: Iterable[Any] | None = None, title: str | None = None
) -> Figure:
    """Which pixels the score of a class hangs on, by `minidl.attribution.saliency`, drawn as `grad_cam` is."""
    heat = attribution.saliency(model, images, classes, samples)
    said = "dark: moves the score of the class below most, up or down"
    return _attributions(model, images, heat, classes, class_names, title or "Saliency: the pixels that the answer hangs on", said)


def _attributions(
    model: Any, images: Any, heat: Numbers, classes: Any, class_names: Iterable[Any] | None, title: str, said: str
) -> Figure:
    pictures = _seen(np.asarray(to_numpy(images) if not isinstance(images, (list, tuple)) else images))
    probabilities = attribution.probabilities(model.predict(np.asarray(images), verbose=0))
    names = as_names(class_names, probabilities.shape[1])
    chosen = np.broadcast_to(probabilities.argmax(axis=1) if classes is None else np.asarray(classes), (len(pictures),))
    captions = [f"{names[k]}" for k in chosen]
    n, columns = len(pictures), min(len(pictures), 8)
    bands = -(-n // columns)
    subtitle = f"{said}   picture, map, both"
    said = listing([f"{name} ({100 * p[k]:.0f} %)" for name, p, k in zip(captions, probabilities, chosen)])
    width = max(columns * STEP - (STEP - SIDE) + 0.75, 5.6)
    figure = new_picture(width, bands * (3 * STEP + 0.42) - 0.2, title, subtitle, f"{title}: {said}.")
    for i, picture in enumerate(pictures):
        band, column = divmod(i, columns)
        left, top = MARGIN + column * STEP, heading_height(subtitle) + band * (3 * STEP + 0.42)
        _picture(figure, picture, left, top, SIDE)
        height = SIDE * picture.shape[0] / max(picture.shape[:2])
        width = SIDE * picture.shape[1] / max(picture.shape[:2])
        map_ = show(figure, heat[i], left, top + STEP, width, height, cmap=HEAT, vmin=0, vmax=1)
        show(figure, _blend(picture, heat[i]), left, top + 2 * STEP, width, height)
        share = f"{captions[i]}  {100 * probabilities[i, chosen[i]]:.0f} %"
        write(figure, left, top + 3 * STEP, share, size=SUBTITLE - 1, weight="bold", width=SIDE, name=True, va="center", gid="class")
    right = MARGIN + columns * STEP - (STEP - SIDE) + 0.15
    bar = box(figure, right, heading_height(subtitle) + STEP, 0.13, SIDE, label="colour bar")
    scale = figure.colorbar(map_, cax=bar, ticks=[0, 0.5, 1])
    scale.outline.set_visible(False)
    bar.tick_params(labelsize=SMALL, colors=GREY, length=0)
    return figure


def _seen(images: Numbers) -> Numbers:
    """Pictures to look at: those outside 0…1 (standardised ones, say) are brought there, each by itself."""
    if images.dtype.kind == "f" and (images.min() < 0 or images.max() > 1):
        low, high = images.min(axis=(1, 2, 3), keepdims=True), images.max(axis=(1, 2, 3), keepdims=True)
        images = (images - low) / np.where(high > low, high - low, 1)
    if images.shape[-1] not in (1, 3):
        images = images.mean(axis=-1, keepdims=True)
    return as_images(images)


def _picture(figure: Figure, picture: Numbers, left: float, top: float, side: float) -> None:
    height, width = (side * n / max(picture.shape[:2]) for n in picture.shape[:2])
    show(figure, picture, left, top, width, height, "#CCCCCC", 0.5, cmap="gray", vmin=0, vmax=255 if picture.dtype == np.uint8 else 1)


def _blend(picture: Numbers, heat: Numbers) -> Numbers:
    """The map over the picture in grey: the more it says, the less the picture shines through."""
    grey = picture / 255 if picture.dtype == np.uint8 else picture
    grey = grey.mean(axis=-1) if grey.ndim == 3 else grey
    cover = 0.75 * heat[..., None]
    blended: Numbers = (1 - cover) * grey[..., None] + cover * np.asarray(HEAT(heat))[..., :3]
    return np.clip(blended, 0, 1)
