"""The part of MathJax that pages use, copied into the site from the package sphinx-mathjax-offline."""
import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

USED = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions", "a11y/assistive-mml.js")


def copy(app: Sphinx, error: Exception | None) -> None:
    spec = find_spec("sphinx-mathjax-offline")
    if error or spec is None or spec.origin is None:
        return
    source, target = Path(spec.origin).parent / "static" / "mathjax", Path(app.outdir) / "_static" / "mathjax"
    for name in USED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / name, target / name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
