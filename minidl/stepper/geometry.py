"""Where the windows of a convolution or pooling lie in an image."""
from typing import Any, NamedTuple

import numpy as np

from minidl.ops.convolution import padding_widths, pair, places


class Geometry(NamedTuple):
    """Where windows lie: each a pair (along rows, along columns)."""

    size: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)

    def rows(self, row: int) -> np.ndarray:
        """The rows of the image that the window at output row ``row`` sees; outside the image, they are padding."""
        return row * self.strides[0] - self.padding[0][0] + self.dilation[0] * np.arange(self.size[0])

    def columns(self, column: int) -> np.ndarray:
        return column * self.strides[1] - self.padding[1][0] + self.dilation[1] * np.arange(self.size[1])

    def touches(self, image: tuple[int, int], output: tuple[int, int]) -> np.ndarray:
        """How many windows touch each pixel of the image: (H, W)."""
        count = [np.zeros(n, int) for n in image]
        for axis, (seen, number) in enumerate(((self.rows, output[0]), (self.columns, output[1]))):
            for place in range(number):
                inside = seen(place)
                np.add.at(count[axis], inside[(inside >= 0) & (inside < image[axis])], 1)
        return np.outer(count[0], count[1])


def convolution_geometry(
    x: tuple[int, ...], kernel: tuple[int, ...], strides: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Geometry:
    """For images of shape ``x`` (N, H, W, C) and kernels (kh, kw, C, F)."""
    size, steps, spread = (kernel[0], kernel[1]), pair(strides), pair(dilation)
    return Geometry(size, steps, spread, padding_widths(x[1:3], size, steps, spread, padding))


def pooling_geometry(x: tuple[int, ...], pool_size: Any = 2, strides: Any = None, padding: Any = "valid") -> Geometry:
    """For images of shape ``x`` (N, H, W, C)."""
    size = pair(pool_size)
    steps = size if strides is None else pair(strides)
    return Geometry(size, steps, (1, 1), padding_widths(x[1:3], size, steps, (1, 1), padding))


def padded_places(geometry: Geometry, image: tuple[int, ...]) -> tuple[int, int]:
    """How many windows there are in an image of shape ``image`` (N, H, W, C): (rows, columns)."""
    padded = tuple(size + sum(widths) for size, widths in zip(image[1:3], geometry.padding))
    rows, columns = places(padded, geometry.size, geometry.strides, geometry.dilation)
    return rows, columns
