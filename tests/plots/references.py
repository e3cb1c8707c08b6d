"""Pictures held against reference pictures, which lie in the folder ``references``.

    python -m tests.plots.references            draws the references anew; look at each one that git calls changed
    python -m tests.plots.references race       only this one

Letters are no part of it: fonts are rendered differently by each matplotlib. In place of a text stands a bar, at the same place, in the
same colour, so long as the text has letters. What the texts say is tested elsewhere. So changed, the pictures are the same from matplotlib
3.8 to 3.11, but for rounding, and a small tolerance is enough."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.testing.compare import compare_images
from matplotlib.testing.exceptions import ImageComparisonFailure
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

from .conftest import drawn_texts

FOLDER = Path(__file__).parent / "references"
DPI, FINE = 40, 4  # drawn FINE times as fine, and made small by averaging: what is a pixel off is a fraction of one then
# Root mean square of the differences, of 255. Measured: between matplotlib 3.8, 3.10 and 3.11 at most 0.11; a ring that is missing, 1.7.
TOLERANCE = 0.5


def draw(make: Callable[[], Figure], file: Path) -> None:
    """The picture that ``make`` returns, with bars for letters, as a small PNG."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the settings of this machine are
        with patch.object(Axes, "clabel"):  # where numbers stand on contour lines, and how long the gap is, hangs on the font
            figure = make()
        figure.dpi = FINE * DPI
        figure.set_size_inches((np.round(figure.get_size_inches() * DPI) + 0.01) / DPI)  # whole pixels, whoever rounds
        _bars_for_letters(figure)
        _meshes_for_images(figure)
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=FINE * DPI)
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(png) as picture:
        picture.convert("RGB").reduce(FINE).save(file, optimize=True)


def difference(name: str, drawn: Path, tolerance: float = TOLERANCE) -> str:
    """What is to be said about a drawn picture and the reference of that name; empty where they agree."""
    reference = FOLDER / f"{name}.png"
    if not reference.exists():
        return f"there is no reference: {reference}\ndraw it: python -m tests.plots.references {name}"
    apart = drawn.with_name(f"{drawn.stem}-failed-diff.png")
    apart.unlink(missing_ok=True)
    try:
        if compare_images(str(reference), str(drawn), tolerance) is None:
            return ""
        found = f"  difference  {apart}"
    except ImageComparisonFailure as error:  # another size
        found = f"  {error}"
    return (f"the picture {name!r} has changed:\n  drawn       {drawn}\n  reference   {reference}\n{found}\n"
            f"if that is what you want: python -m tests.plots.references {name}")  # fmt: skip


def _bars_for_letters(figure: Figure) -> None:
    figure.draw_without_rendering()
    axes_names = {axis.label for axes in figure.axes for axis in axes._axis_map.values()}
    for text in drawn_texts(figure):
        if text not in axes_names:  # these stand at the letters of the ticks, which are wider or narrower elsewhere
            figure.add_artist(_bar(text))
    for text in figure.findobj(Text):
        text.set_visible(False)


def _bar(text: Text) -> Rectangle:
    lines = text.get_text().split("\n")
    letters = 3 if text.get_parse_math() and "$" in lines[0] else max(map(len, lines))  # 10², say, is written in many signs
    size = text.get_fontsize() * FINE * DPI / 72
    width, height = 0.6 * size * letters, 0.7 * size * len(lines)
    x, y = text.get_transform().transform(text.get_unitless_position())
    left = {"left": 0.0, "center": width / 2, "right": width}[text.get_horizontalalignment()]
    below = {"top": height, "center": height / 2, "center_baseline": height / 2}.get(text.get_verticalalignment(), 0.0)
    bar = Rectangle((-left, -below), width, height, color=text.get_color(), linewidth=0, zorder=text.get_zorder())
    bar.set_transform(Affine2D().rotate_deg(text.get_rotation()).translate(x, y))
    return bar


def _meshes_for_images(figure: Figure) -> None:
    """Where the pixels of an image end is rounded differently by each matplotlib; the cells of a mesh are not."""
    for image in figure.findobj(AxesImage):
        axes, pixels = image.axes, image.to_rgba(image.get_array())
        left, right, bottom, top = image.get_extent()
        down = (top, bottom) if image.origin == "upper" else (bottom, top)
        x, y = (np.linspace(*ends, n + 1) for ends, n in zip(((left, right), down), (pixels.shape[1], pixels.shape[0]), strict=True))
        limits = axes.axis()
        axes.pcolormesh(x, y, pixels, zorder=image.get_zorder())
        axes.axis(limits)
        image.set_visible(False)


def main(names: list[str]) -> None:
    from .scenes import SCENES

    for name in names or SCENES:
        draw(SCENES[name], FOLDER / f"{name}.png")
    for file in set() if names else set(FOLDER.glob("*.png")) - {FOLDER / f"{name}.png" for name in SCENES}:
        file.unlink()
    print(f"drawn: {', '.join(names or SCENES)}")


if __name__ == "__main__":
    main(sys.argv[1:])
