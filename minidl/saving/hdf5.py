"""HDF5 files as arrays by name. Written here, read by a process of its own (``hdf5_child.py``)."""
import contextlib
import io
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np

CHILD = Path(__file__).with_name("hdf5_child.py")
DTYPES = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {"float16", "float32", "float64", "bool"}
BYTES_A_SECOND = 50 * 2**20  # how fast a slow machine reads
LONGEST_LINE = 40_000


def hdf5_bytes(groups: Mapping[str, tuple[str | None, list[np.ndarray]]]) -> bytes:
    """An HDF5 file with a group ``path/vars`` for each path, which holds the arrays "0", "1", … and an attribute ``name`` (where given)."""
    import h5py  # not before a file is written: training needs NumPy alone

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, (name, arrays) in groups.items():
            group = file.create_group(f"{path}/vars" if path else "vars")
            if name is not None:
                group.attrs["name"] = name
            for i, array in enumerate(arrays):
                group.create_dataset(str(i), data=array)
    return buffer.getvalue()


def read_hdf5(contents: bytes) -> dict[str, np.ndarray]:
    """The arrays of an HDF5 file by their names, with / between the parts (where a file from Windows has a backslash, too).

    ValueError if the file is damaged, holds anything but plain arrays of numbers stored as they are, or takes long. Nothing else is read,
    no link is followed, and no more is made than the file holds."""
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("HDF5 files are read with h5py, which is not installed: pip install h5py")
    seconds = 1 + len(contents) // BYTES_A_SECOND
    settings = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}  # "::": no code from elsewhere
    child = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | settings, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip
    clock = threading.Timer(60 + seconds if sys.platform != "win32" else 10 + seconds, child.kill)  # should the limits there not hold
    clock.start()
    try:
        assert child.stdin is not None and child.stdout is not None
        with contextlib.suppress(OSError):  # it has ended: its output, or the lack of one, tells why
            child.stdin.write(json.dumps({"size": len(contents), "seconds": seconds}).encode() + b"\n")
            child.stdin.write(contents)
            child.stdin.close()
        return dict(_arrays(child.stdout, len(contents)))
    except EOFError:
        child.kill()
        code = child.wait()
        raise ValueError(f"HDF5's library gave up on it (exit code {code}): the file is damaged, or made to do harm") from None
    finally:
        clock.cancel()
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        child.wait()


def _arrays(stream: IO[bytes], left: int) -> Any:
    """(name, array) of all that the child sends, at most ``left`` bytes together; EOFError if it breaks off."""
    seen: set[str] = set()
    while True:
        line = stream.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        try:
            head = dict(json.loads(line))
        except (ValueError, TypeError):
            raise EOFError from None
        if "error" in head:
            raise ValueError(str(head["error"]))
        if "end" in head:
            if head["end"] != len(seen):
                raise EOFError
            return
        name, shape, dtype = str(head["name"]).replace("\\", "/"), tuple(map(int, head["shape"])), head["dtype"]
        if name in seen or dtype not in DTYPES or any(n < 0 for n in shape):
            raise ValueError(f"array {name!r} comes twice, or is no array of numbers")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size > left:
            raise ValueError(f"array {name!r} is larger than the file")
        data = stream.read(size)
        if len(data) < size:
            raise EOFError
        left -= size
        seen.add(name)
        yield name, np.frombuffer(data, dtype).reshape(shape)
