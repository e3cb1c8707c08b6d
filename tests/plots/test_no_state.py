"""The pictures leave nothing behind and need nothing around them."""
import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from minidl import plots

from .conftest import check_layout, texts

MAKERS = {
    "curves": lambda: plots.learning_curves({"loss": [2, 1], "val_loss": [2, 1.5]}),
    "confusion": lambda: plots.confusion_matrix([[3, 1], [0, 4]]),
    "predictions": lambda: plots.predictions(np.zeros((2, 8, 8)), [0, 1], [[0.9, 0.1], [0.8, 0.2]]),
    "filters": lambda: plots.filters(np.ones((3, 3, 1, 2))),
    "gallery": lambda: plots.gallery(np.zeros((2, 8, 8)), [0, 1]),
}
make = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)


def test_pyplot_is_never_imported():
    program = (
        "import sys, minidl.plots as p; f = p.learning_curves({'loss': [2, 1]}); f.savefig('/dev/null', format='png');"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    ).replace("'/dev/null'", "__import__('io').BytesIO()")
    assert subprocess.run([sys.executable, "-W", "error", "-c", program], check=False).returncode == 0


def test_importing_minidl_imports_no_matplotlib():
    assert subprocess.run([sys.executable, "-c", "import sys, minidl; sys.exit('matplotlib' in sys.modules)"], check=False).returncode == 0


@make
def test_a_figure_with_words(maker):
    figure = maker()
    assert isinstance(figure, Figure)
    assert figure.dpi == 150
    words = plots.alt_text(figure)
    assert len(words) > 30
    assert words.endswith(".")
    assert texts(figure, "title")
    assert plots.alt_text(Figure()) == ""


@make
def test_a_notebook_shows_it(maker):
    png, about = maker()._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert about["alt"] == plots.alt_text(maker())
    assert about["width"] > 300


@make
def test_nothing_is_kept(maker):
    figure = maker()
    kept = weakref.ref(figure)
    del figure
    gc.collect()
    assert kept() is None


def test_settings_stay_as_they_were():
    before = dict(matplotlib.rcParams)
    for maker in MAKERS.values():
        maker()
    assert dict(matplotlib.rcParams) == before


@make
def test_a_dark_style_of_the_readers_does_no_harm(maker):
    with matplotlib.rc_context({"axes.facecolor": "black", "figure.facecolor": "black", "text.color": "white", "axes.titlecolor": "white"}):
        check_layout(maker())
        assert maker().get_facecolor() == (1, 1, 1, 1)


def test_in_many_threads_at_once():
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(lambda maker: maker()._repr_png_()[0], [*MAKERS.values()] * 2))
    assert pictures[:5] == pictures[5:]
