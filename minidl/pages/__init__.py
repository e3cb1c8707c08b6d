"""Pages that are one file: style, script and data are put into a template, and nothing is asked of the network."""
import html
import json
import re
from importlib.resources import files

_MARKER = re.compile(r"/\*(css|js|data)\*/")
SHARED = ("text", "charts")
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def assembled(package: str, scripts: tuple[str, ...], data: object, shared: bool = True) -> str:
    """The ``page/page.html`` of a package with its ``page.css``, the ``scripts`` and ``data`` in place of the markers ``/*css*/``,
    ``/*js*/`` and ``/*data*/``; before its own style and scripts come, if ``shared``, those that pages share. ValueError if JSON cannot
    hold the data (NaN)."""

    def read(name: str, where: str = package, folder: str = "page") -> str:
        return (files(where) / folder / name).read_text(encoding="utf-8")

    common = [read(f"{name}.js", "minidl.pages", "shared") for name in SHARED] if shared else []
    style = read("shared.css", "minidl.pages", "shared") if shared else ""
    js = "\n".join([*common, *(read(f"{name}.js") for name in scripts)])
    parts = {"css": style + read("page.css"), "js": js, "data": as_json(data)}
    return _MARKER.sub(lambda marker: parts[marker[1]], read("page.html"))  # in one pass: data may contain a marker


def framed(page: str, title: str, height: int) -> str:
    """An element that shows a page (HTML as text) in a notebook or another page, as wide as there is room and ``height`` pixels high; it
    may run its scripts, and reach nothing outside."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(title)}" width="100%" height="{height}" loading="lazy" '
        'style="border: 1px solid #8888; border-radius: 4px; min-width: 320px;" sandbox="allow-scripts"></iframe>'
    )


def as_json(data: object) -> str:
    """``data`` as JSON that may stand inside a <script> element: nothing in it can end the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda character: f"\\u{ord(character[0]):04x}", text)
