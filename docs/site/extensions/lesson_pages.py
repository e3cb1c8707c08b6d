"""What a lesson looks like on the site, beyond what MyST-NB makes of it: exercises as cards with their hints and the solution folded away,
pictures with their descriptions, interactive pages in files of their own, and what one takes home."""
import ast
import hashlib
import html
import re
import shutil
from pathlib import Path
from typing import Any

import lesson_files
from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from minidl.lesson_runner.format import BEGIN, TODO, lesson, student_version
from minidl.lesson_runner.grading import ExerciseResult, expected_exercises

log = logging.getLogger(__name__)
FRAME = re.compile(r'<iframe\b[^>]*?\bsrcdoc="(?P<page>[^"]*)"[^>]*>', re.DOTALL)
CHECK = re.compile(r"Exercise\(\s*[\"'](\w+)[\"']|Exercise\(\s*name=[\"'](\w+)[\"']")
# The page in a frame follows the site's theme.
FOLLOW = """<script>addEventListener("message", ({ data }) => {
  const theme = data && data.minidlTheme, button = document.getElementById("theme");
  if (button && (theme === "dark" || theme === "light") && document.documentElement.dataset.theme !== theme) button.click();
});</script>"""


# ---------------------------------------------------------------- a lesson's page


def finish(app: Sphinx, tree: nodes.document) -> None:
    """After a page was read."""
    name = app.env.docname
    frames_as_files(app, tree, name)
    if not name.startswith("lessons/"):
        return
    one = lesson(int(Path(name).name[:2]))
    exercises = {exercise.name: exercise for exercise in expected_exercises(one)}
    waiting: list[nodes.Node] = []  # the solutions whose checks come next
    for cell in list(tree.findall(lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "cell_code")):
        source = next(cell.findall(lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source"), None)
        if source is None:
            continue
        code = next(source.findall(nodes.literal_block))
        if BEGIN in code.astext():
            waiting.append(_solution(code))
            _replace(code, student_version(code.astext()).replace(TODO, "...").rstrip())
            cell["classes"].append("yours")
        elif "check" in cell["cell_metadata"].get("tags", []):
            names = [first or second for first, second in CHECK.findall(code.astext())]
            cards = [_card(exercises[each], one.number, waiting if each == names[-1] else []) for each in names if each in exercises]
            outputs = [node for node in cell.children if node is not source and list(node.findall(nodes.image))]
            cell.replace_self([*cards, *outputs])
            waiting = []
        elif _only_shows(code.astext()):
            source.parent.remove(source)
    _begin(tree, one)
    spent = _seconds(app, name)
    if spent and spent > lesson_files.SECONDS_A_LESSON:
        log.warning("%s ran for %.0f seconds; the limit is %d", name, spent, lesson_files.SECONDS_A_LESSON, location=name)


def _only_shows(code: str) -> bool:
    """Whether a cell asks for a prediction (its code tells the answer), or embeds a page: what it shows says it all."""
    try:
        called = [node.func.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        return "Prediction" in called or (len(ast.parse(code).body) == 1 and code.startswith("embed("))
    except SyntaxError:
        return False


def _seconds(app: Sphinx, name: str) -> float | None:
    """How long the cells of a lesson ran, when they were run."""
    found = getattr(app.env, "nb_metadata", {}).get(name, {}).get("exec_data", {})
    return found.get("runtime")


def _solution(code: nodes.literal_block) -> nodes.literal_block:
    text = "\n".join(line for line in code.astext().splitlines() if line.strip() not in (BEGIN, BEGIN.replace("BEGIN", "END")))
    return _replace(code.deepcopy(), text)


def _replace(code: nodes.literal_block, text: str) -> nodes.literal_block:
    code.rawsource = text
    code.children = []
    code += nodes.Text(text)
    return code


def _raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _folded(summary: str, kind: str, *inside: nodes.Node) -> list[nodes.Node]:
    opened = f'<details class="{kind}"><summary>{html.escape(summary)}</summary><div class="inside">'
    return [_raw(opened), *inside, _raw("</div></details>")]


def _told(text: str) -> nodes.paragraph:
    """A sentence; what stands between ` is code."""
    made = nodes.paragraph()
    for number, part in enumerate(text.split("`")):
        made += nodes.literal("", part) if number % 2 else nodes.Text(part)
    return made


def _card(exercise: ExerciseResult, number: int, solutions: list[nodes.Node]) -> nodes.container:
    """An exercise: its task, what is checked, three hints and the solution, each folded away."""
    made = nodes.container(classes=["exercise"])
    head = _raw(f'<p class="exercise-title"><span class="badge">Exercise</span> <code>{html.escape(exercise.name)}</code>'
                f'<span class="points">{exercise.total} points</span></p>')  # fmt: skip
    made += [head, _told(exercise.task)]
    titles = nodes.bullet_list(classes=["checks"])
    for check in exercise.checks:
        titles += nodes.list_item("", _told(check.title))
    made += titles
    for place, hint in enumerate(exercise.hints, 1):
        made += _folded(f"Hint {place}", "hint", _told(hint))
    if solutions:
        made += _folded("Show a solution", "solution", *solutions)
    made += _raw(f'<p class="command">Check yours: <code>minidl lesson check {number}</code></p>')
    return made


def _begin(tree: nodes.document, one: Any) -> None:
    """What one can do after the lesson becomes a box, and below it stands how to work on it."""
    top = next(tree.findall(nodes.section), None)
    if top is None:
        return
    children = top.children
    first = next((i for i, node in enumerate(children) if isinstance(node, nodes.paragraph)), None)
    at = 1
    if first is not None and children[first].astext().startswith("After this lesson"):
        goals = nodes.container(classes=["goals"])
        goals += children[first]
        del children[first]
        if first < len(children) and isinstance(children[first], nodes.bullet_list):
            goals += children[first]
            del children[first]
        top.insert(first, goals)
        at = first + 1
    stem = f"../downloads/{one.path.stem}"
    how = f"<span><code>minidl lesson start {one.number} mine</code> writes your copy, or take it here:</span>"
    files = f'<span class="files"><a href="{stem}.ipynb" download>notebook</a> <a href="{stem}.py" download>script</a></span>'
    top.insert(at, _raw(f'<aside class="take" aria-label="Work on this lesson">{how}{files}</aside>'))


# ---------------------------------------------------------------- pictures and frames


def describe_pictures() -> None:
    """Give each picture the description that its figure has: MyST-NB keeps of an image's metadata its width and height alone."""
    without = NbElementRenderer.render_image

    def render_image(self: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
        made = without(self, data)
        for node in made:
            node["alt"] = str(data.output_metadata.get(data.mime_type, {}).get("alt", ""))
            node["classes"].append("picture")
            if not node["alt"]:
                log.warning("a picture has no description", location=self.renderer.document["source"])
        return made

    NbElementRenderer.render_image = render_image


def frames_as_files(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Interactive pages become files beside the lesson: it stays small, and each can be opened by itself."""
    for node in list(tree.findall(nodes.raw)):
        text = node.astext()
        if "<iframe" not in text or not FRAME.search(text):
            continue

        def moved(found: re.Match[str]) -> str:
            page = html.unescape(found["page"])
            page = page.replace("</body>", FOLLOW + "</body>") if "</body>" in page else page + FOLLOW
            file = f"{Path(name).name}-{hashlib.sha256(page.encode()).hexdigest()[:10]}.html"
            target = Path(app.doctreedir) / "interactive" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(page, encoding="utf-8")
            address = "../" * name.count("/") + f"interactive/{file}"
            tag = found[0].replace(f'srcdoc="{found["page"]}"', f'src="{address}"')
            if "loading=" not in tag:
                tag = tag.replace("<iframe", '<iframe loading="lazy"')
            return f'<p class="open-alone"><a href="{address}" target="_blank">Open it in a window of its own</a></p>{tag}'

        shown = FRAME.sub(moved, text)
        node.replace_self(_raw(f'<div class="frame">{shown}</div>'))


# ---------------------------------------------------------------- the path on the first page


class LessonPath(SphinxDirective):
    """All lessons as a path; each line of the content is a part of it: ``0-3 Name | what it is about``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        known = {one.number: one for one in lesson_files.lessons()}
        parts = []
        for line in self.content:
            span, _, rest = line.partition(" ")
            first, last = map(int, span.split("-"))
            title, _, about = rest.partition("|")
            steps = "".join(self._step(known[number]) for number in range(first, last + 1) if number in known)
            if steps:
                head = f"<h3>{html.escape(title.strip())}</h3><p>{html.escape(about.strip())}</p>"
                parts.append(f'<section class="part">{head}<ol>{steps}</ol></section>')
        self.env.note_dependency(str(lesson_files.CONCEPTS))
        return [_raw(f'<div class="path">{"".join(parts)}</div>')]

    def _step(self, one: Any) -> str:
        _, _, title = one.title.partition(". ")
        minutes = re.search(r"\*(\d+)(?:\s*[-–]\s*\d+)? minutes", one.text)
        time = f'<span class="minutes">{minutes[1]} min</span>' if minutes else ""
        shown = f'<span class="number">{one.number}</span><span class="name">{html.escape(title)}</span>{time}'
        return f'<li><a href="lessons/{one.path.stem}.html">{shown}</a></li>'


class StartButtons(SphinxDirective):
    """The first page's buttons."""

    def run(self) -> list[nodes.Node]:
        known = lesson_files.lessons()
        links = [(f"lessons/{known[0].path.stem}.html", "Begin with the first lesson")] if known else []
        links += [("concepts.html", "Find a concept"), ("api/index.html", "Reference")]
        return [_raw('<p class="buttons">' + "".join(f'<a href="{address}">{text}</a>' for address, text in links) + "</p>")]


def copy_downloads(app: Sphinx, error: Exception | None) -> None:
    """The student's copies, and the interactive pages that the lessons show."""
    if error:
        return
    pages = "".join(file.read_text(encoding="utf-8") for file in Path(app.outdir).glob("*/*.html"))
    for source in (Path(app.srcdir) / "lessons" / "downloads", Path(app.doctreedir) / "interactive"):
        folder = Path(app.outdir) / source.name
        folder.mkdir(exist_ok=True)
        for file in source.glob("*"):
            if file.name in pages:
                shutil.copyfile(file, folder / file.name)


def setup(app: Sphinx) -> dict[str, bool]:
    describe_pictures()
    app.add_config_value("minidl_digest", "", "env")
    app.add_directive("lesson-path", LessonPath)
    app.add_directive("start-buttons", StartButtons)
    app.connect("doctree-read", finish)
    app.connect("build-finished", copy_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
