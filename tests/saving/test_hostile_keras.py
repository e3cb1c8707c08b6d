"""Files made to do harm, and damaged ones: an exception soon, within bounded memory; nothing written, nothing executed."""

import io
import json
import resource
import struct
import subprocess
import sys
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from minidl import Input, Sequential
from minidl.layers import Dense
from minidl.models import load_model
from minidl.saving import archive as archives
from minidl.saving.archive import checked_json
from minidl.saving.hdf5 import read_hdf5

GOOD_CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}}


def h5(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


GOOD_WEIGHTS = h5(lambda file: file.create_dataset("layers/dense/vars/0", data=np.ones(3)))


def packed(path, config=GOOD_CONFIG, weights=GOOD_WEIGHTS, compression=zipfile.ZIP_STORED, extra=()):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
            archive.writestr("model.weights.h5", weights)
            for name, contents in extra:
                archive.writestr(zipfile.ZipInfo(name), contents)
    return path


@pytest.fixture
def refused(tmp_path):
    """Loading fails as it should: a ValueError that names the file, soon (in computing time, the child's too), and nothing is written."""

    def check(path, message):
        before = sorted(tmp_path.rglob("*")), path.read_bytes()
        used = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        with pytest.raises(ValueError, match=message) as error:
            load_model(path)
        assert time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - used < 2.5
        assert path.name in str(error.value)
        assert before == (sorted(tmp_path.rglob("*")), path.read_bytes())

    return check


# ---------------------------------------------------------------- zip


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil", "C:evil", "\\\\host\\evil", "..", "assets/.."]
)
def test_names_that_lead_outside(name, refused, tmp_path):
    (tmp_path / "in").mkdir()
    refused(packed(tmp_path / "in" / "x.keras", extra=[(name, "x")]), "points outside of the archive")


def test_an_entry_that_comes_twice(refused, tmp_path):
    refused(packed(tmp_path / "x.keras", extra=[("config.json", "{}")]), "'config.json' comes twice")


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_an_entry_that_is_missing(missing, refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        for name in {"config.json", "model.weights.h5"} - {missing}:
            archive.writestr(name, "{}")
    refused(tmp_path / "x.keras", f"it has no {missing}")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(compression, refused, tmp_path):
    refused(packed(tmp_path / "x.keras", compression=compression), "packed in a way that Keras does not use")


def test_bombs(refused, tmp_path):
    zeros = b"\0" * 50_000_000
    refused(
        packed(tmp_path / "a.keras", weights=zeros, compression=zipfile.ZIP_DEFLATED),
        "'model.weights.h5' would unpack to 50,000,000 bytes",
    )
    refused(
        packed(tmp_path / "b.keras", config=zeros[:5_000_000], compression=zipfile.ZIP_DEFLATED), "'config.json' would unpack to 5,000,000"
    )
    many = [(f"assets/{i}", b"") for i in range(1500)]
    refused(packed(tmp_path / "c.keras", extra=many), "it has 1503 entries")
    many = [(f"assets/{i}{'x' * 1000}", b"") for i in range(1500)]
    refused(packed(tmp_path / "d.keras", extra=many), "list of entries is far too long")


def test_sizes_that_are_lies(refused, tmp_path):
    """The directory promises fewer bytes than come out: only so many are taken, and the checksum tells."""
    path = packed(tmp_path / "x.keras", weights=b"\0" * 5_000_000, compression=zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    directory = data.index(b"PK\x01\x02", data.index(b"model.weights.h5"))
    place = data.index(b"model.weights.h5", directory) - 46 + 24
    path.write_bytes(data[:place] + struct.pack("<L", 1000) + data[place + 4 :])
    refused(path, "damaged")


def test_an_archive_with_large_numbers_is_refused(refused, tmp_path):
    path = packed(tmp_path / "x.keras")
    data = path.read_bytes()
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    path.write_bytes(data[:-22] + locator + data[-22:])
    refused(path, "list of entries is far too long")


def test_damaged_contents_are_noticed(refused, tmp_path):
    path = packed(tmp_path / "x.keras")
    data = path.read_bytes()
    place = data.index(b"Sequential")
    path.write_bytes(data[:place] + b"sequential" + data[place + 10 :])
    refused(path, "Bad CRC-32")


@pytest.mark.parametrize(
    "contents", [b"", b"text", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"\x89HDF\r\n\x1a\n" + b"\0" * 100, b"\x80\x04K\x01."]
)
def test_something_else(contents, refused, tmp_path):
    (tmp_path / "x.keras").write_bytes(contents)
    refused(tmp_path / "x.keras", "x.keras: it (is no .keras archive|has no config.json)")


# ---------------------------------------------------------------- JSON


def test_json(refused, tmp_path):
    for text, message in (
        ("[" * 100_000, "nested deeper than 100"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested deeper than 100"),
        ("[]", "must describe an object"),
        ("{", "damaged"),
        (b"\xff\xfe\xfa", "damaged"),
        ('{"a": 1' + "0" * 5000 + "}", "damaged"),
        ("null", "must describe an object"),
    ):
        refused(packed(tmp_path / "x.keras", config=text), message)
    for text in ('{"a": "[[[[' + "[" * 500 + '"}', '{"a\\"' + "[" * 500 + '": 1}', '{"a\\\\": "' + "{" * 500 + '"}'):
        assert len(checked_json(text.encode(), "x")) == 1  # brackets in texts are not nested


def dense(n, name="d", **values):
    config = {"name": name, "units": n, **values}
    return {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}


def sequential(layers, shape, name="s"):
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "name": f"{name}_in"}}
    return {"module": "keras", "class_name": "Sequential", "config": {"name": name, "layers": [first, *layers]}}


def picture_layer(kind, name="p", **config):
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}}


def test_a_million_layers(refused, tmp_path):
    layer = picture_layer("Flatten")
    refused(packed(tmp_path / "x.keras", config=sequential([layer] * 40_000, (4,))), "more than 4096 layers")
    million = '{"module":"keras","class_name":"Sequential","config":{"layers":[' + ",".join(['{"config":{}}'] * 1_000_000) + "]}}"
    refused(packed(tmp_path / "y.keras", config=million, compression=zipfile.ZIP_DEFLATED), "would unpack to")
    refused(packed(tmp_path / "z.keras", config=million[:4_000_000]), "damaged")


def test_weights_that_would_not_fit_into_memory(refused, tmp_path):
    for layer in (
        dense(10**12),
        dense(10**5),
        picture_layer("Conv2D", filters=10**9, kernel_size=[1, 1]),
        picture_layer("BatchNormalization"),
    ):
        shape = (10**6,) if layer["class_name"] == "BatchNormalization" else (4, 4, 1) if "filters" in layer["config"] else (4,)
        refused(
            packed(tmp_path / "x.keras", config=sequential([layer], shape)),
            r"layer '[dp]' \(\w+\): (it would have more weights|what flows)",
        )


def test_what_flows_would_not_fit_into_memory(refused, tmp_path):
    image = (64, 64, 4)
    for shape, layers in (
        ((10**5, 10**5, 3), []),
        ((10**9,), []),
        (image, [picture_layer("UpSampling2D", size=[10**4, 10**4])]),
        (image, [picture_layer("ZeroPadding2D", padding=[[10**9, 0], [0, 10**9]])]),
        (image, [picture_layer("MaxPooling2D", pool_size=[10**5, 10**5], strides=[1, 1], padding="same")]),
        (image, [picture_layer("UpSampling2D", f"u{i}", size=[4, 4]) for i in range(20)]),
        ((1024, 1024, 8), [picture_layer("ReLU", f"r{i}") for i in range(1000)]),
    ):
        refused(packed(tmp_path / "x.keras", config=sequential(layers, shape)), "what flows here, or all layers together")


def test_models_in_models_whose_cost_doubles(refused, tmp_path):
    def twice(inner, level):
        def tensor(name, node):
            return [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, node, 0]}}]

        name, nodes = f"m{level}", [{"args": tensor("i", 0), "kwargs": {}}, {"args": tensor("x", 0), "kwargs": {}}]
        first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "i"}, "name": "i"}
        layers = [first, {**inner, "name": "x", "inbound_nodes": nodes}]
        end = 1 if inner["class_name"] == "ReLU" else 2
        config = {"name": name, "layers": layers, "input_layers": [["i", 0, 0]], "output_layers": [["x", end, 0]]}
        return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}

    model = picture_layer("ReLU")
    for level in range(30):
        model = twice(model, level)
    refused(packed(tmp_path / "x.keras", config=model), "what flows here, or all layers together|nested deeper")


# ---------------------------------------------------------------- HDF5


def sparse(file):
    file.create_dataset("layers/dense/vars/0", shape=(10**6, 10**6), dtype="float32", chunks=(1, 1000))


def absurd(file):
    file.create_dataset("layers/dense/vars/0", shape=(2**40,), dtype="float32")


def gzip_bomb(file):
    file.create_dataset("layers/dense/vars/0", data=np.zeros(2_000_000), compression="gzip", compression_opts=9)


def external_link(file):
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file):
    file.create_dataset("x", data=np.ones(3))
    file["layers/dense/vars/0"] = h5py.SoftLink("/x")


def other_files(file):
    file.create_dataset("layers/dense/vars/0", shape=(100,), dtype="uint8", external=[("/etc/passwd", 0, 100)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4,))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def texts(file):
    file["layers/dense/vars/0"] = ["a", "b"]


def objects(file):
    file.create_dataset("layers/dense/vars/0", shape=(2,), dtype=h5py.vlen_dtype(np.int32))


def records(file):
    file.create_dataset("layers/dense/vars/0", data=np.zeros(3, [("a", "i4"), ("b", "f4")]))


def nothing(file):
    file["layers/dense/vars/0"] = h5py.Empty("f4")


def a_type(file):
    file["layers/dense/vars/0"] = np.dtype("f4")


def loop(file):
    group = file.create_group("layers")
    group["again"] = group


def deep(file):
    group = file
    for _ in range(300):
        group = group.create_group("g")
    group["0"] = np.ones(1)


def many(file):
    file["x"] = np.ones(1000)
    for i in range(50):
        file[f"copy{i}"] = file["x"]


def strange_name(file):
    file["kernel"] = np.ones(3)


def gap(file):
    file["layers/dense/vars/1"] = np.ones(3)


def two_backslashes(file):
    file["layers/dense/vars/0"] = np.ones(3)
    file["layers\\dense\\vars/0"] = np.ones(3)


HOSTILE = {
    sparse: "the file does not hold that many",
    absurd: "the file does not hold that many",
    gzip_bomb: "is compressed",
    external_link: "is a link",
    soft_link: "is a link",
    other_files: "in another file",
    virtual: "in another file",
    texts: "no plain number",
    objects: "no plain number",
    records: "no plain number",
    nothing: "neither a group nor an array",
    a_type: "neither a group nor an array",
    loop: "is linked twice",
    deep: "too many, too deep",
    many: "does not hold that many",
    strange_name: "'kernel' is not where Keras keeps weights",
    gap: "one is missing",
    two_backslashes: "comes twice",
}


@pytest.mark.parametrize("fill", HOSTILE, ids=lambda fill: fill.__name__)
def test_hdf5(fill, refused, tmp_path):
    contents = h5(fill)
    refused(packed(tmp_path / "x.keras", weights=contents), f"model.weights.h5: .*{HOSTILE[fill]}")
    model = Sequential([Input((4,)), Dense(3)])
    before = model.get_weights()
    (tmp_path / "x.weights.h5").write_bytes(contents)
    with pytest.raises(ValueError, match=f"x.weights.h5 .*{HOSTILE[fill]}"):
        model.load_weights(tmp_path / "x.weights.h5")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_byte_of_hdf5_may_be_wrong():
    """Whatever the library makes of it, here it is a ValueError, or arrays no larger than the file."""
    rng, refused = np.random.default_rng(0), 0
    for _ in range(6):
        contents = bytearray(GOOD_WEIGHTS)
        for place in rng.integers(0, len(contents), 6):
            contents[place] = rng.integers(0, 256)
        try:
            arrays = read_hdf5(bytes(contents))
        except ValueError:
            refused += 1
        else:
            assert sum(array.nbytes for array in arrays.values()) <= len(contents)
    assert refused


def test_a_child_that_crashes_or_talks_nonsense(monkeypatch, tmp_path):
    import minidl.saving.hdf5 as hdf5

    for program, message in {
        "import os; os.abort()": "gave up on it",
        "pass": "gave up on it",
        "while True: pass": "gave up on it",
        "x = bytearray(2**33); print(len(x))": "gave up on it",
        'print(\'{"name": "a", "dtype": "float32", "shape": [1000000000]}\')': "larger than the file",
        'print(\'{"name": "a", "dtype": "object", "shape": [1]}\')': "no array of numbers",
        'print(\'{"name": "a", "dtype": "float32", "shape": [-1]}\')': "no array of numbers",
        "print('x' * 100000000)": "gave up on it",
        "print('nonsense')": "gave up on it",
        "print('{\"end\": 3}')": "gave up on it",
        "print('[1]')": "gave up on it",
    }.items():
        child = tmp_path / "child.py"
        limits = "import resource as r; r.setrlimit(r.RLIMIT_CPU, (1, 1)); r.setrlimit(r.RLIMIT_AS, (2**30, 2**30)); "
        child.write_text(limits + "\n" + program)
        monkeypatch.setattr(hdf5, "CHILD", child)
        with pytest.raises(ValueError, match=message):
            read_hdf5(b"x" * 1000)


def test_the_child_has_limits(tmp_path):
    """A reader that wants more memory or time than the file is worth is stopped."""
    child = (Path(archives.__file__).parent / "hdf5_child.py").read_text(encoding="utf-8")
    for greed in ("bytearray(300 * 2**20)", "list(range(10**12))", "[x for x in iter(int, 1)]"):
        program = child.replace("        image = sys.stdin.buffer.read", f"        {greed}\n        image = sys.stdin.buffer.read", 1)
        assert program != child
        (tmp_path / "greedy.py").write_text(program, encoding="utf-8")
        order = json.dumps({"size": 1000, "seconds": 1}).encode() + b"\n" + b"x" * 1000
        used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        done = subprocess.run([sys.executable, str(tmp_path / "greedy.py")], input=order, capture_output=True, check=False)
        assert done.returncode or b'"error": "MemoryError"' in done.stdout
        assert sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - used < 3.5


# ---------------------------------------------------------------- truncated


def test_truncated_at_every_percent(tmp_path):
    model = Sequential([Input((4,)), Dense(3)])
    for name, write, read in (("m.keras", model.save, load_model), ("w.weights.h5", model.save_weights, model.load_weights)):
        write(tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        path = tmp_path / f"cut{name[1:]}"
        step = 1 if name == "m.keras" else 12  # each of these starts a child
        for percent in range(0, 100, step):
            path.write_bytes(whole[: len(whole) * percent // 100])
            with pytest.raises(ValueError, match="cut"):
                read(path)
    for percent in range(0, 100, 24):  # a whole archive around half a file of weights
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            config, weights = archive.read("config.json"), archive.read("model.weights.h5")
        with pytest.raises(ValueError, match=r"x\.keras: (model\.weights\.h5|layer .* more weights than there are in the file)"):
            load_model(packed(tmp_path / "x.keras", config, weights[: len(weights) * percent // 100]))


def test_memory_stays_bounded(tmp_path):
    """In a process that may have 400 MB more than it has: none of the bombs gets near them."""
    packed(tmp_path / "a.keras", weights=b"\0" * 100_000_000, compression=zipfile.ZIP_DEFLATED)
    packed(tmp_path / "b.keras", config=sequential([dense(10**9)], (4,)))
    packed(tmp_path / "c.keras", config=sequential([], (10**5, 10**5, 1)))
    packed(tmp_path / "d.keras", config='{"a": [' + ",".join(["{}"] * 1_300_000) + "]}", compression=zipfile.ZIP_DEFLATED)
    packed(tmp_path / "e.keras", weights=h5(gzip_bomb))
    packed(tmp_path / "f.keras", config=sequential([picture_layer("UpSampling2D", size=[10**4, 10**4])], (64, 64, 4)))
    program = f"""
import pathlib, resource
from minidl.models import load_model
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 400 * 2**20, resource.RLIM_INFINITY))
for path in sorted(pathlib.Path({str(tmp_path)!r}).glob("*.keras")):
    try:
        load_model(path)
    except ValueError as error:
        assert "MemoryError" not in str(error), error
        print(path.name)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) < 500_000)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the address space is read from /proc, which only Linux has")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["a.keras", "b.keras", "c.keras", "d.keras", "e.keras", "f.keras", "True"], done.stderr


def test_the_checksum_is_that_of_the_contents(tmp_path):
    """What zipfile checks when it reads to the end, and only then."""
    path = packed(tmp_path / "x.keras")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("config.json")
        assert zlib.crc32(archive.read("config.json")) == info.CRC
