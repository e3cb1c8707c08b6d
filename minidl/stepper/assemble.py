"""The stepper's page: one HTML file that holds its style, its script and a tape, and asks nothing of the network."""
import json
import re
from importlib.resources import files

# One scope for all: a file may use what the files before it define, and functions of the later ones when it is called.
SCRIPTS = (
    "elements", "decode", "format", "tape", "folding", "layout", "colours", "arrays", "boxes", "drawing", "graph", "code", "chain",
    "places", "picking", "products", "scatter", "windows", "slips", "quiz", "panels", "jump", "controls", "main",
)  # fmt: skip
_MARKER = re.compile(r"/\*(css|js|tape)\*/")
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def page(data: dict[str, object]) -> str:
    """The page that shows ``data``, a tape as JSON takes it (no NaN: the tape writes "nan"). ValueError if JSON cannot hold it."""
    parts = {"css": _read("page.css"), "js": "\n".join(_read(f"{name}.js") for name in SCRIPTS), "tape": as_json(data)}
    return _MARKER.sub(lambda marker: parts[marker[1]], _read("page.html"))  # in one pass: data may contain a marker


def as_json(data: object) -> str:
    """``data`` as JSON that may stand inside a <script> element: nothing in it can end the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda character: f"\\u{ord(character[0]):04x}", text)


def _read(name: str) -> str:
    return (files("minidl.stepper") / "page" / name).read_text(encoding="utf-8")
