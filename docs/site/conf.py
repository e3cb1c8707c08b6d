"""The settings of Sphinx. `build.py` puts the sources together that this reads."""
import os
import sys
from pathlib import Path

HERE = Path(os.environ["MINIDL_SITE"])  # docs/site; the sources lie in build/
sys.path.insert(0, str(HERE / "extensions"))

import lesson_files  # noqa: E402

import minidl  # noqa: E402

project = "minidl"
author = "The minidl developers"
copyright = "The minidl developers, MIT licence"
version = release = minidl.__version__
language = "en"

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "sphinx_copybutton",
    "lesson_pages", "concept_index", "api_pages", "mathematics",
]  # fmt: skip
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = ["conf.py", "jupyter_execute", "lessons/downloads"]
nb_custom_formats = {".py": "lesson_files.as_notebook"}
myst_enable_extensions = ["dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3
myst_links_external_new_tab = True

# Lessons are run, and run again when they or minidl have changed.
nb_execution_mode = "cache"
nb_execution_cache_path = os.environ["MINIDL_SITE_CACHE"]
nb_execution_in_temp = True
nb_execution_timeout = lesson_files.SECONDS_A_CELL
nb_execution_show_tb = True  # an error is a warning of the build, and warnings make it fail: after all lessons have been tried
nb_merge_streams = True

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
add_module_names = False
suppress_warnings = ["config.cache"]

templates_path = [str(HERE / "templates")]
html_theme = "furo"
html_title = "minidl"
html_static_path = [str(HERE / "static")]
html_css_files = ["minidl.css"]
html_js_files = ["minidl.js"]
html_favicon = str(HERE / "static" / "icon.svg")
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"**": ["sidebar/brand.html", "sidebar/search.html", "sidebar/scroll-start.html", "sidebar/navigation.html",
                        "sidebar/large.html", "sidebar/scroll-end.html"]}  # fmt: skip
html_theme_options = {"navigation_with_keys": True}
copybutton_exclude = ".linenos, .gp, .go"

# MathJax is in the site (see extensions/mathematics.py); its menu would load more.
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}, "chtml": {"mtextInheritFont": True}}
