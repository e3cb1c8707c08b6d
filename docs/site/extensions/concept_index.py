"""The page that leads from every concept to the cell that teaches it."""
import html
from typing import Any

import lesson_files
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

log = logging.getLogger(__name__)


def missing() -> list[dict[str, Any]]:
    """The concepts that no cell teaches."""
    places = lesson_files.places()
    return [one for area in lesson_files.concepts()["area"] for one in area["concepts"] if one["number"] not in places]


def unknown() -> dict[int, list[str]]:
    """Numbers in the lessons' markers that are no concept, with the lessons."""
    known = {one["number"] for area in lesson_files.concepts()["area"] for one in area["concepts"]}
    return {number: [lesson.name for lesson, _ in found] for number, found in lesson_files.places().items() if number not in known}


class ConceptIndex(SphinxDirective):
    """A table for each area: the concept, and the lessons that teach it."""

    def run(self) -> list[nodes.Node]:
        places = lesson_files.places()
        made: list[nodes.Node] = []
        for area in lesson_files.concepts()["area"]:
            section = nodes.section(ids=[nodes.make_id(area["name"])])
            section += nodes.title("", area["name"])
            rows = "".join(self._row(one, places.get(one["number"], [])) for one in area["concepts"])
            section += nodes.raw("", f'<dl class="concepts">{rows}</dl>', format="html")
            made.append(section)
        return made

    def _row(self, one: dict[str, Any], places: list[Any]) -> str:
        links = []
        for lesson, heading in places:
            address = f"lessons/{lesson.path.stem}.html#concept-{one['number']}"
            where = f"Lesson {lesson.title}" + (f": {heading}" if heading else "")
            links.append(f'<a href="{address}">{html.escape(where.replace("`", ""))}</a>')
        shown = "<br>\n".join(links) or '<span class="later">in a lesson that is still to come</span>'
        return f"<dt>{html.escape(one['name'])}</dt>\n<dd>{shown}</dd>\n"  # new lines: words apart where the search quotes them


def check(app: Sphinx) -> None:
    """Every concept has its cell, once all lessons are there."""
    if wrong := unknown():
        raise ExtensionError(f"lessons mark concepts that docs/concepts.toml does not have: {wrong}")
    without = missing()
    if not without:
        return
    names = "\n".join(f"  {one['number']:2}  {one['name']}" for one in without)
    there, all_ = len(lesson_files.lessons()), lesson_files.concepts()["lessons"]
    if there >= all_:
        raise ExtensionError(f"all lessons are there, and no cell teaches these concepts:\n{names}")
    log.info(f"{there} of {all_} lessons are there; {len(without)} concepts have no cell yet:\n{names}")


def outdated(app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    return [name for name in ("concepts", "index") if name in env.found_docs]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("concept-index", ConceptIndex)
    app.connect("builder-inited", check)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
