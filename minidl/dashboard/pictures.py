"""Arrays as PNG pictures in the text of a page."""
import base64
import io

import numpy as np
from PIL import Image


def png(picture: np.ndarray) -> str:
    """A picture (H, W), (H, W, 1) or (H, W, 3) as a data URL; uint8, or floats of which those outside 0…1 are brought there."""
    picture = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if picture.ndim == 3 and picture.shape[2] != 3:
        picture = picture.mean(axis=2)
    if picture.dtype != np.uint8:
        low, high = float(picture.min()), float(picture.max())
        if low < 0 or high > 1:
            picture = (picture - low) / (high - low or 1.0)
        picture = np.rint(255 * picture).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def filter_pictures(kernel: np.ndarray, most: int = 32) -> list[str]:
    """The filters of a kernel (kh, kw, channels, filters), each scaled by itself, grey for 0: in colour on three channels, else
    their mean."""
    kernel = kernel[..., :most].astype(float)
    seen = kernel if kernel.shape[2] == 3 else kernel.mean(axis=2, keepdims=True)
    largest = np.abs(seen).max(axis=(0, 1, 2), keepdims=True)
    pictures = 0.5 + 0.5 * seen / np.where(largest == 0, 1, largest)
    return [png(pictures[..., k]) for k in range(pictures.shape[3])]
