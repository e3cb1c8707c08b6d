"""House prices: one feature, one label, and forty made-up houses to fit a line to.

They are made so that the line ŷ = w·x + b has the losses (mean squared errors) by which loss is often first explained:

    L(w = 7, b = 3) = 703.16        L(w = 8, b = 3) = 599.41        L(w = 9, b = 3) = 566.05

with the best line close to ŷ = 8.98 x + 2.97. Prices scatter as those of real houses do: the number of rooms alone does not tell them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_HOUSES = {  # rooms: prices in ten thousands
    3: [29.6, 38.0],
    4: [10.3, 40.0, 43.4, 43.8],
    5: [28.0, 29.5, 34.1, 44.0, 44.2, 45.7, 48.7, 49.8, 54.7, 55.6, 59.4, 66.0, 73.3, 86.4, 101.9],
    6: [23.8, 38.9, 41.5, 42.1, 53.3, 58.8, 71.5, 75.3],
    7: [13.5, 13.8, 51.0, 73.2, 74.9],
    8: [41.2, 54.0, 69.1, 119.0],
    9: [105.0, 137.6],
}


def load_data() -> tuple[Numbers, Numbers]:
    """``(x, y)``, both float64 of shape (40,): rooms, and prices in ten thousands (so 54.7 is a house for 547 000)."""
    x = np.repeat(np.array(list(_HOUSES), float), [len(prices) for prices in _HOUSES.values()])
    return x, np.array([price for prices in _HOUSES.values() for price in prices])


def bedrooms() -> tuple[Numbers, Numbers]:
    """Three examples to begin with: bedrooms and prices, both float64 of shape (3,)."""
    return np.array([3.0, 1.0, 4.0]), np.array([185_000.0, 70_000.0, 250_000.0])
