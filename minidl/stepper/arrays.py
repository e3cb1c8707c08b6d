"""Arrays in few words: numbers as short as their dtype allows, statistics, and small pictures of large arrays."""
import base64
from typing import Any

import numpy as np

from minidl.backend import Array, to_numpy

MOST_VALUES = 64  # entries of an array that are written out
MOST_SLICES = 4  # channels that are drawn
MOST_ROWS = 64  # and columns of a matrix that are drawn
MOST_RAW = 200_000  # entries of an array that is carried whole

Number = float | int | str | bool | None


def number(value: Any, dtype: np.dtype[Any]) -> Number:
    """The shortest number that is ``value`` in its dtype; "nan", "inf" and "-inf" as strings, because JSON has none."""
    if dtype.kind != "f":
        return value.item() if isinstance(value, np.generic) else value  # type: ignore[no-any-return]
    with np.errstate(over="ignore"):
        value = dtype.type(value)
    return float(str(value)) if np.isfinite(value) else str(value)


def text(value: Any, dtype: np.dtype[Any] | None = None, digits: int = 4) -> str:
    """A number for reading: at most ``digits`` significant digits, and never more than its dtype has."""
    dtype = np.asarray(value).dtype if dtype is None else dtype
    if dtype.kind != "f":
        return str(np.asarray(value).item())
    return f"{float(value):.{min(digits, 3 if dtype.itemsize == 2 else 6)}g}".replace("-", "−")


def statistics(array: np.ndarray) -> dict[str, Number] | None:
    """Over the finite entries: min, max, mean, std, norm; how many are nan and infinite; the share of zeros. None of nothing."""
    if not array.size:
        return None
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(float)
    with np.errstate(all="ignore"):
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
        found: dict[str, Number] = {"nan": int(np.isnan(array).sum()), "inf": int(np.isinf(array).sum())} if array.dtype.kind == "f" else {}
        found = {"nan": 0, "inf": 0} | found | {"zeros": round(float((array == 0).mean()), 6)}
        if not finite.size:
            return dict.fromkeys(("min", "max", "mean", "std", "norm")) | found
        wide = finite.astype(float)
        low, high = finite.min(), finite.max()
        measured = {"mean": wide.mean(), "std": wide.std(), "norm": np.sqrt((wide * wide).sum())}
    return {"min": number(low, array.dtype), "max": number(high, array.dtype)} | {k: number(v, dtype) for k, v in measured.items()} | found


def array_data(array: Array, drawn: bool = True, kernel: bool = False) -> dict[str, Any]:
    """An array as the page takes it: shape, dtype, statistics, its numbers if they are few, else ``slices`` to draw. ``kernel``: of four
    axes they are (kh, kw, C, F), not (N, H, W, C)."""
    array = to_numpy(array)
    small = array.size <= MOST_VALUES
    return {
        "shape": list(array.shape), "dtype": str(array.dtype), "stats": statistics(array),
        "values": [number(value, array.dtype) for value in array.ravel()] if small else None,
        "slices": None if small or not drawn else slices(array, kernel),
    }  # fmt: skip


def slices(array: np.ndarray, kernel: bool = False) -> list[dict[str, Any]]:
    """What to draw of a large array: of pictures (N, H, W, C) the first, up to four channels (or its colours); of kernels
    (kh, kw, C, F) up to four filters; a matrix or a row; of more axes the first entries of all but two."""
    if array.ndim == 1:
        return [_slice(array[None, :], [None], "", (1, MOST_ROWS * 4))]
    if array.ndim == 2:
        return [_slice(array, [None, None], "", (MOST_ROWS, MOST_ROWS))]
    if array.ndim != 4:
        index: list[Any] = [0] * (array.ndim - 2) + [None, None]
        first = array[tuple(slice(None) if i is None else i for i in index)]
        return [_slice(first, index, f"[{', '.join(['0'] * (array.ndim - 2))}]", (MOST_ROWS, MOST_ROWS))]
    return _of_filters(array) if kernel else _of_pictures(array)


def _of_pictures(array: np.ndarray) -> list[dict[str, Any]]:
    first, channels = array[0], array.shape[3]
    if channels == 3 and (array.dtype == np.uint8 or array.dtype.kind == "f" and _within_one(first)):
        return [_picture(first, [0, None, None, None], "image 0")]
    return [_slice(first[:, :, c], [0, None, None, c], f"image 0, channel {c}", (256, 256)) for c in _spread(channels)]


def _of_filters(array: np.ndarray) -> list[dict[str, Any]]:
    shown = [(c, f) for f in _spread(array.shape[3]) for c in _spread(array.shape[2], 1)]
    return [_slice(array[:, :, c, f], [None, None, c, f], f"channel {c}, filter {f}", (MOST_ROWS, MOST_ROWS)) for c, f in shown]


def _within_one(array: np.ndarray) -> bool:
    return bool(np.isfinite(array).all() and array.size and array.min() >= 0 and array.max() <= 1)


def _spread(count: int, most: int = MOST_SLICES) -> list[int]:
    """Up to ``most`` places, evenly spread over the axis."""
    return list(dict.fromkeys(int(i) for i in np.linspace(0, count - 1, min(most, count)))) if count else []


def _picture(array: np.ndarray, index: list[Any], title: str) -> dict[str, Any]:
    colours = array if array.dtype == np.uint8 else np.round(array * 255).astype(np.uint8)
    return {"title": title, "index": index, "rows": array.shape[0], "columns": array.shape[1], "kind": "image", "low": 0, "high": 1,
            "bytes": _encoded(colours)}  # fmt: skip


def _slice(matrix: np.ndarray, index: list[Any], title: str, most: tuple[int, int]) -> dict[str, Any]:
    rows, columns = min(matrix.shape[0], most[0]), min(matrix.shape[1], most[1])
    if (rows, columns) != matrix.shape:
        cut = f"the first {columns} of {matrix.shape[1]} columns"
        cut = cut if matrix.shape[0] == 1 else f"the first {rows} of {matrix.shape[0]} rows, {cut}"
        title = f"{title}, {cut}" if title else cut
    shown = matrix[:rows, :columns].astype(float)
    finite = shown[np.isfinite(shown)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    with np.errstate(all="ignore"):
        scaled = np.nan_to_num((shown - low) / (high - low) if high > low else np.zeros_like(shown), nan=0.0, posinf=1.0, neginf=0.0)
    dtype = matrix.dtype if matrix.dtype.kind == "f" else np.dtype(float)
    return {
        "title": title, "index": index, "rows": rows, "columns": columns, "kind": "heat", "low": number(low, dtype),
        "high": number(high, dtype), "bytes": _encoded(np.round(np.clip(scaled, 0, 1) * 255).astype(np.uint8)),
    }  # fmt: skip


def raw(array: Array | None) -> dict[str, Any] | None:
    """All of an array, exactly, for the page to compute with; None above `MOST_RAW` entries. Whole numbers and booleans become float64."""
    if array is None or array.size > MOST_RAW:
        return None
    array = to_numpy(array)
    kind = "float32" if array.dtype == np.float16 else "float64"
    kind = str(array.dtype) if str(array.dtype) in ("float32", "float64", "uint8") else kind
    return {"shape": list(array.shape), "dtype": kind, "data": _encoded(array.astype(np.dtype(kind).newbyteorder("<")))}


def _encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
