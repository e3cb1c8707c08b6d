"""What the tests of the pictures share: finding texts, and finding texts that meet."""
import numpy as np
import pytest
from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def texts(figure, gid=None):
    """The texts in a figure, in the order in which they were written."""
    found = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return [t.get_text() for t in found if gid is None or t.get_gid() == gid]


def check_layout(figure):
    """No text leaves the page, and no two upright texts meet."""
    figure.dpi = 100
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    found = drawn_texts(figure)
    boxes = np.array([t.get_window_extent(renderer).extents for t in found])
    inside = (boxes[:, :2] >= -1).all(1) & (boxes[:, 2:] <= figure.bbox.extents[2:] + 1).all(1)
    assert inside.all(), f"{[t.get_text() for t, ok in zip(found, inside, strict=True) if not ok]} leave the page"
    upright = [i for i, t in enumerate(found) if t.get_rotation() in (0, 90)]
    for i in upright:
        others = [j for j in upright if j > i]
        meet = np.minimum(boxes[i, 2:], boxes[others, 2:]) - np.maximum(boxes[i, :2], boxes[others, :2])
        meeting = [found[j].get_text() for j, over in zip(others, (meet > 1).all(1), strict=True) if over]
        assert not meeting, f"{found[i].get_text()!r} meets {meeting}"


def drawn_texts(figure):
    """The texts of a figure that was drawn once, less those that exist and are not to be seen."""
    hidden = _hidden_tick_labels(figure)
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden and not _off(t)]


def _off(text):
    return text.axes is not None and not text.axes.axison


def _hidden_tick_labels(figure):
    """Tick labels outside the limits of their axis exist, but are not drawn."""
    hidden = {label for tick in figure.findobj(Tick) for label in (tick.label1, tick.label2)}
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            room = 1e-9 * (high - low)
            for tick in axis.get_major_ticks():
                if low - room <= tick.get_loc() <= high + room:
                    hidden -= {label for label in (tick.label1, tick.label2) if label.get_visible()}
    return hidden


@pytest.fixture
def rng():
    return np.random.default_rng(0)
