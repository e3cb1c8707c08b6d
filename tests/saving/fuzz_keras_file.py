"""Fuzzing of `load_model` for ``.keras`` files: any bytes at all give a model or a ValueError.

    pip install atheris
    python -m tests.saving.fuzz_keras_file -max_total_time=600      # libFuzzer's options; its corpus is made in a folder of its own

The inputs are the parts of an archive, so that most of them get past the checksum: a byte says what is changed, the rest how. Without
atheris, ``replay`` tries the corpus and its neighbours; the tests do that."""

import io
import random
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parent / "data"
SOURCES = ("3.15-deferred.keras", "2.14-deferred.keras", "windows.keras")
RAW, CONFIG, WEIGHTS, TOKENS = range(4)  # what an input replaces: the archive, the description, the weights; or words of the description


def parts() -> tuple[bytes, bytes]:
    """The description and the weights of a small file."""
    with zipfile.ZipFile(DATA / SOURCES[0]) as archive:
        return archive.read("config.json"), archive.read("model.weights.h5")


def archive_of(config: bytes, weights: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, contents in (("metadata.json", b"{}"), ("config.json", config), ("model.weights.h5", weights)):
            archive.writestr(name, contents)
    return buffer.getvalue()


WORDS = [
    b"null",
    b"-1",
    b"0",
    b"1e999",
    b"[]",
    b"{}",
    b'"Dense"',
    b'"Lambda"',
    b'"os"',
    b'"__lambda__"',
    b'"Functional"',
    b'"Sequential"',
    b"true",
    b"NaN",
    b"99999999999",
    b'[["a",0,0]]',
    b'"keras.layers"',
    b'"class_name"',
    b'"config"',
    b"0.5",
    b'"InputLayer"',
    b'"function"',
    b'"__tuple__"',
]


def changed_words(config: bytes, choices: bytes) -> bytes:
    """The description with some of its values replaced by others: still JSON."""
    pieces = config.replace(b": ", b":\0").replace(b", ", b",\0").split(b"\0")
    for place, word in zip(choices[::2], choices[1::2]):
        i = place * len(pieces) // 256
        end = pieces[i][-1:] if pieces[i][-1:] in b":," else b""
        pieces[i] = WORDS[word % len(WORDS)] + end
    return b" ".join(pieces)


def contents_for(data: bytes) -> bytes:
    """The bytes of the file that an input stands for."""
    config, weights = parts()
    kind, rest = (data[0] % 4, data[1:]) if data else (RAW, b"")
    return (
        rest
        if kind == RAW
        else archive_of(
            rest if kind == CONFIG else changed_words(config, rest) if kind == TOKENS else config, rest if kind == WEIGHTS else weights
        )
    )


def load(path: Path) -> None:
    """Imported here, so that atheris can watch which lines run."""
    from minidl.models import load_model

    load_model(path)


def try_one(data: bytes) -> None:
    """Load the file that the input stands for. Anything but a model or a ValueError is a finding."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.keras"
        path.write_bytes(contents_for(data))
        said = str(path)
        try:
            load(path)
        except ValueError as error:
            said = str(error)
        assert str(path) in said
        assert [found.name for found in Path(folder).iterdir()] == [path.name]


def corpus() -> Iterator[bytes]:
    """Where fuzzing starts: real files in all their parts."""
    config, weights = parts()
    yield b""
    yield from (bytes([RAW]) + (DATA / name).read_bytes() for name in SOURCES)
    yield bytes([CONFIG]) + config
    yield bytes([WEIGHTS]) + weights
    yield bytes([TOKENS])


def neighbours(data: bytes, chance: random.Random) -> bytes:
    """The input with a few bytes changed, cut out or doubled."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place, length = chance.randrange(1, len(changed) + 1), chance.randint(0, 8)
        how = chance.randrange(3)
        changed[place : place + length * (how != 2)] = b"" if how == 0 else chance.randbytes(chance.randint(0, 8))
    return bytes(changed)


def replay(count: int, seed: int = 0) -> None:
    """The corpus, and ``count`` inputs near it: mostly those that cost no child."""
    chance, start = random.Random(seed), list(corpus())
    for data in start:
        try_one(data)
    for i in range(count):
        if i % 4:
            try_one(bytes([TOKENS]) + chance.randbytes(2 * chance.randint(1, 3)))
        else:
            try_one(neighbours(chance.choice(start[1:-1]), chance))


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["minidl.saving"]):
        import minidl.models  # noqa: F401
    with tempfile.TemporaryDirectory() as folder:
        for i, data in enumerate(corpus()):
            (Path(folder) / str(i)).write_bytes(data)
        atheris.Setup([*sys.argv, "-max_len=65536", folder], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
