"""As which Keras the summaries and the progress lines look: its versions print different texts, and course notes quote them.

    minidl.use_style("keras2.12")                  # from here on
    model.summary(style="keras2.14")               # this once
"""
from minidl.registry import nearest

STYLES = ("keras2.12", "keras2.14", "keras3")
_current = {"style": "keras3"}


def use_style(style: str) -> None:
    """Print as that version of Keras does from here on: "keras2.12" (and older), "keras2.14" (2.13 to 2.15), "keras3" (the default)."""
    _current["style"] = checked(style)


def checked(style: str | None = None) -> str:
    """``style``, or the one in use; ValueError if there is no such style."""
    if style is None:
        return _current["style"]
    if style not in STYLES:
        raise ValueError(f"no style is called {style!r}: {nearest(str(style), STYLES)}")
    return style
