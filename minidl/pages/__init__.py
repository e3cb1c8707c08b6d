"""Pages that are one file: style, script and data are put into a template, and nothing is asked of the network."""
import json
import re
from importlib.resources import files

_MARKER = re.compile(r"/\*(css|js|data)\*/")
SHARED = ("text", "charts")
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def assembled(package: str, scripts: tuple[str, ...], data: object) -> str:
    """The ``page/page.html`` of a package with its ``page.css``, the ``scripts`` and ``data`` in place of the markers ``/*css*/``,
    ``/*js*/`` and ``/*data*/``; before its own style and scripts come those that pages share. ValueError if JSON cannot hold the data
    (NaN)."""

    def read(name: str, where: str = package, folder: str = "page") -> str:
        return (files(where) / folder / name).read_text(encoding="utf-8")

    shared = [read(f"{name}.js", "minidl.pages", "shared") for name in SHARED]
    parts = {
        "css": read("shared.css", "minidl.pages", "shared") + read("page.css"),
        "js": "\n".join([*shared, *(read(f"{name}.js") for name in scripts)]), "data": as_json(data),
    }  # fmt: skip
    return filled(read("page.html"), parts)


def filled(template: str, parts: dict[str, str]) -> str:
    """The template with the parts in place of its markers."""
    return _MARKER.sub(lambda marker: parts[marker[1]], template)  # in one pass: data may contain a marker


def as_json(data: object) -> str:
    """``data`` as JSON that may stand inside a <script> element: nothing in it can end the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda character: f"\\u{ord(character[0]):04x}", text)
