"""The stepper's page: one HTML file that holds its style, its script and a tape, and asks nothing of the network."""
from minidl.pages import assembled

# One scope for all: a file may use what the files before it define, and functions of the later ones when it is called.
SCRIPTS = (
    "elements", "decode", "format", "tape", "folding", "layout", "colours", "arrays", "boxes", "drawing", "graph", "code", "chain",
    "places", "picking", "products", "scatter", "windows", "slips", "quiz", "panels", "jump", "controls", "main",
)  # fmt: skip


def page(data: dict[str, object]) -> str:
    """The page that shows ``data``, a tape as JSON takes it (no NaN: the tape writes "nan"). ValueError if JSON cannot hold it."""
    return assembled("minidl.stepper", SCRIPTS, data, shared=False)
