"""A program of its own, never imported: it reads an HDF5 file from its standard input and writes the arrays to its standard output.

HDF5's C library may crash or run wild on a damaged or hostile file. Here that costs a process which holds nothing and may use little time
and memory. ``hdf5.py`` starts it, and does not trust what comes back either.

Input: a line of JSON, ``{"size": bytes of the file, "seconds": of computing time}``, then the file. Output: for each array a line of JSON
with its name, dtype and shape, then its bytes; last ``{"end": number of arrays}``, or ``{"error": "…"}``.
"""
import json
import math
import os
import sys
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

MOST_ENTRIES, DEEPEST, LONGEST_NAME = 100_000, 200, 4096
DTYPES = {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"}
SPARE = 64 * 2**20  # bytes of memory beside three times the file: as it came, HDF5's own copy, an array on its way out


def limit_resources(size: int, seconds: int) -> None:
    """No more memory and time than a good file of this size needs. (Windows has no such limits; there the parent's clock ends it.)"""
    try:
        import resource
    except ModuleNotFoundError:
        return
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    time = math.ceil(used) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (time, time))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        now = 4 * 2**30  # what the libraries reserve differs from system to system
    resource.setrlimit(resource.RLIMIT_AS, (now + 3 * size + SPARE,) * 2)


def datasets(file: Any, size: int) -> Iterator[tuple[str, Any]]:
    """(name, dataset) of everything in the file, after a look at how it is stored: an array takes as many bytes there as here."""
    todo, seen, entries, left = [("", file["/"], 0)], set(), 0, size
    while todo:
        prefix, group, depth = todo.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:
            raise ValueError(f"group {prefix!r} is linked twice")
        seen.add(place)
        for key in group:
            name = f"{prefix}/{key}".lstrip("/")
            entries += 1
            if entries > MOST_ENTRIES or depth > DEEPEST or len(name) > LONGEST_NAME:
                raise ValueError(f"too many, too deep or too long names, the last is {name[:60]!r}")
            if group.get(key, getclass=True, getlink=True) is not h5py.HardLink:
                raise ValueError(f"{name!r} is a link to somewhere else")
            value = group[key]
            if isinstance(value, h5py.Group):
                todo.append((name, value, depth + 1))
                continue
            if not isinstance(value, h5py.Dataset) or value.shape is None:
                raise ValueError(f"{name!r} is neither a group nor an array")
            layout = value.id.get_create_plist()
            if value.is_virtual or layout.get_external_count():
                raise ValueError(f"{name!r} is kept in another file")
            if layout.get_nfilters():
                raise ValueError(f"{name!r} is compressed, which Keras never does")
            if value.dtype.name not in DTYPES:
                raise ValueError(f"{name!r} holds {value.dtype.name if value.dtype.name else value.dtype}, which is no plain number")
            need = math.prod(value.shape) * value.dtype.itemsize
            if need > value.id.get_storage_size() or need > left:
                raise ValueError(f"{name!r} has shape {value.shape}, and the file does not hold that many numbers")
            left -= need
            yield name, value


def main() -> None:
    order, out = json.loads(sys.stdin.buffer.readline(1000)), sys.stdout.buffer
    limit_resources(order["size"], order["seconds"])
    try:
        image = sys.stdin.buffer.read(order["size"])
        with h5py.File(h5py.h5f.open_file_image(image)) as file:
            count = 0
            for name, dataset in datasets(file, len(image)):
                count += 1
                array = np.asarray(dataset[()], dataset.dtype.newbyteorder("="), order="C")
                head = {"name": name, "dtype": array.dtype.name, "shape": array.shape}
                out.write(json.dumps(head).encode() + b"\n" + array.tobytes())
        out.write(json.dumps({"end": count}).encode() + b"\n")
    except Exception as error:  # whatever h5py makes of a damaged file
        out.write(json.dumps({"error": f"{error}"[:500] or type(error).__name__}).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
