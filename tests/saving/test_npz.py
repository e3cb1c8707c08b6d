"""Files that are wrong, damaged or half written."""
import json
import pickle
import resource
import subprocess
import sys

import numpy as np
import pytest

from minidl import Input, Sequential
from minidl.layers import Dense
from minidl.models import load_model
from minidl.saving import checked_path, read_npz, write_npz


@pytest.fixture
def model():
    model = Sequential([Input((4,)), Dense(3), Dense(2)])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    return model


def readers(model):
    return load_model, model.load_weights


def test_arrays_and_text_come_back(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b c/d": np.array(3, "int8"), "empty": np.zeros((0, 2))}
    write_npz(tmp_path / "new" / "x.npz", arrays, {"text": "äö∂", "n": [1, None]})
    back, text = read_npz(tmp_path / "new" / "x.npz")
    assert text == {"text": "äö∂", "n": [1, None]}
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.npz"]


@pytest.mark.parametrize("name", ["m.pkl", "m.npz.txt", "m.NPZ", "m.KERAS"])
def test_another_ending_is_refused(name, model, tmp_path):
    for use in (model.save, model.save_weights, *readers(model)):
        with pytest.raises(ValueError, match=r"the ending of a file's name decides its format: use \.(keras|weights\.h5) or \.npz"):
            use(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_a_file(model, tmp_path):
    for inside in (r"it has none that ends in (\.keras or \.npz|\.weights\.h5 or .*)", r"weights\.npz"):
        for use in readers(model):
            with pytest.raises(ValueError, match=rf"is a folder: name the file in it \({inside}\)"):
                use(tmp_path)
        model.save(tmp_path / "weights.npz")


def test_a_missing_file(model, tmp_path):
    (tmp_path / "folder.npz").mkdir()
    for use in readers(model):
        for name in ("none.npz", "no/folder.npz", "folder.npz"):
            with pytest.raises(FileNotFoundError, match="there is no file"):
                use(tmp_path / name)
    assert checked_path("x.npz").name == "x.npz"


def test_a_truncated_file(model, tmp_path):
    model.save(tmp_path / "whole.npz")
    whole, path = (tmp_path / "whole.npz").read_bytes(), tmp_path / "part.npz"
    for n in [*range(0, 60, 7), *np.linspace(60, len(whole) - 1, 25).astype(int), len(whole) - 22, len(whole) - 5]:
        path.write_bytes(whole[:n])
        for use in readers(model):
            with pytest.raises(ValueError, match=r"part\.npz is not a file that minidl wrote, or it is damaged"):
                use(path)


def test_a_damaged_file_is_noticed_or_harmless(model, tmp_path):
    model.save(tmp_path / "whole.npz")
    whole, path = (tmp_path / "whole.npz").read_bytes(), tmp_path / "bad.npz"
    before, refused = model.get_weights(), 0
    places = np.random.default_rng(0).integers(0, len(whole), 60)
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            loaded = load_model(path)
        except ValueError:
            refused += 1
        else:  # a byte that says nothing about the contents: a date, a flag
            for a, b in zip(before, loaded.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)
    assert refused > 30


@pytest.mark.parametrize(
    "contents", [b"", b"text", b"PK\x03\x04", b"\x80\x04K\x01.", b"\x93NUMPY\x01\x00", pickle.dumps({"weight 0": 1}), b"\0" * 500]
)
def test_a_file_that_is_something_else(contents, model, tmp_path):
    (tmp_path / "x.npz").write_bytes(contents)
    for use in readers(model):
        with pytest.raises(ValueError, match=r"x\.npz is not a file that minidl wrote"):
            use(tmp_path / "x.npz")


def test_an_archive_of_somebody_else(model, tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(3))
    with open(tmp_path / "y.npz", "wb") as file:
        np.save(file, np.ones(3))
    np.savez(tmp_path / "z.npz", **{"minidl.json": np.array("[1]")})
    np.savez(tmp_path / "w.npz", **{"minidl.json": np.array("{no json")})
    for name in "xyzw":
        for use in readers(model):
            with pytest.raises(ValueError, match=rf"{name}\.npz is not a file that minidl wrote"):
                use(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "v.npz", **{"minidl.json": np.array(json.dumps({"format": "else"}))})
    with pytest.raises(ValueError, match="holds else, not a whole model"):
        load_model(tmp_path / "v.npz")


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('a file was executed')",))


def test_nothing_is_ever_unpickled(model, tmp_path):
    text = np.array(json.dumps({"format": "minidl model"}))
    np.savez(tmp_path / "x.npz", **{"minidl.json": text, "weight 0": np.array([Evil()], object)})
    for use in readers(model):
        with pytest.raises(ValueError, match="allow_pickle=False"):
            use(tmp_path / "x.npz")


def test_a_write_that_fails_leaves_the_old_file(model, tmp_path, monkeypatch):
    path = tmp_path / "m.npz"
    model.save(path)
    before = path.read_bytes()

    def broken(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", broken)
    for use in (model.save, model.save_weights):
        with pytest.raises(OSError, match="no space left"):
            use(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_leftovers(tmp_path):
    program = f"""
import resource, signal, minidl
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = minidl.Sequential([minidl.Input((50,)), minidl.layers.Dense(3, name="d")])
model.save({str(tmp_path / "m.npz")!r})
model.add(minidl.layers.Dense(5000, name="big"))
resource.setrlimit(resource.RLIMIT_FSIZE, (8000, {resource.RLIM_INFINITY}))
try:
    model.save({str(tmp_path / "m.npz")!r})
except OSError as error:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]
    assert load_model(tmp_path / "m.npz").count_params() == 153
