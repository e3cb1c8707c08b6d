"""What the tests of the pictures share: finding texts, and finding texts that meet."""
import io
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def texts(figure, gid=None):
    """The texts drawn in a figure, top to bottom as they were written."""
    found = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return [t.get_text() for t in found if gid is None or t.get_gid() == gid]


def check_layout(figure):
    """No text leaves the page, and no two upright texts meet; drawing and saving works."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    page, boxes = figure.bbox, []
    for text in figure.findobj(Text):
        if not (text.get_visible() and text.get_text().strip()) or (text.axes and not text.axes.axison):
            continue
        box = text.get_window_extent(renderer)
        if box.width and box.height and _is_shown(text):
            inside = box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1
            assert inside, f"{text.get_text()!r} leaves the page"
            if text.get_rotation() in (0, 90):
                boxes.append((text.get_text(), box))
    for (first, a), (second, b) in combinations(boxes, 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 1, f"{first!r} meets {second!r}"
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=60)
    assert file.getvalue().startswith(b"\x89PNG")
    assert figure.get_size_inches().max() < 20


def _is_shown(text):
    """Tick labels outside the limits of their axis exist, but are not drawn."""
    axes = text.axes
    for axis in (axes.xaxis, axes.yaxis) if axes else ():
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if text in (tick.label1, tick.label2):
                low, high = sorted(axis.get_view_interval())
                room = 1e-9 * (high - low)
                return tick.label1 is text and low - room <= tick.get_loc() <= high + room
    return True


@pytest.fixture
def rng():
    return np.random.default_rng(0)
