"""The page: one file with everything in it, that opens from disk."""
import json
from functools import cache
from importlib.resources import files
from typing import Any

ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def page(data: dict[str, Any]) -> str:
    """The page that shows ``data``, as HTML. What is in the data cannot end their element."""
    html, _, rest = _read("page.html").partition("/*tape*/")
    for_browsers = html + as_json(data) + rest
    return for_browsers


def as_json(data: dict[str, Any]) -> str:
    """JSON without the characters that mean something to HTML: they are written as \\u003c."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


@cache
def _read(name: str) -> str:
    """page.html, with the style and the program in their places."""
    folder = files("minidl.stepper").joinpath("page")
    html = folder.joinpath(name).read_text(encoding="utf-8")
    for marker, file in (("/*css*/", "page.css"), ("/*js*/", "page.js")):
        before, found, after = html.partition(marker)
        if found:
            html = before + folder.joinpath(file).read_text(encoding="utf-8") + after
    return html
