"""The graph's layout: on graphs of any form, folded and open, nothing lies on anything else, and everything is where it can be drawn."""

import random

import pytest

from .pages import go, press
from .tapes import Data, Recorder

BOXES = """() => [...document.querySelectorAll('.node:not(.frame-title)')].map((node) => {
    const {e, f} = node.transform.baseVal[0].matrix, box = node.querySelector('rect:last-of-type');
    return [e, f, Number(box.getAttribute('width')), Number(box.getAttribute('height')), node.dataset.unit];
})"""


def graph(seed: int) -> Data:
    """A graph of random form: chains, diamonds, parts of their own, layers in layers, tensors that are used far below."""
    draw = random.Random(seed)
    tape = Recorder(f"graph {seed}")
    groups = draw.choice([0, 2, 5])
    parents = [draw.choice([None, *range(i)]) for i in range(groups)]
    tape.tape["groups"] = [{"name": f"layer {i}", "kind": "Dense", "parent": parent} for i, parent in enumerate(parents)]
    tensors = [tape.tensor(f"p{i}", float(i)) for i in range(draw.randint(1, 4))]
    for i in range(draw.choice([3, 8, 20, 45, 120])):
        inputs = [draw.choice(tensors[-8:] + tensors[:2]) for _ in range(draw.randint(1, 3))]
        if draw.random() < 0.3:
            inputs[0] = tape.tensor(f"leaf {i}", [float(i)] * draw.randint(1, 5))
        tensors.append(tape.forward(f"op{i}", inputs, f"y{i}", float(i), group=draw.choice([None, *range(groups)])))
    return tape.tape


def overlapping(boxes):
    for i, (x, y, width, height, name) in enumerate(boxes):
        for other_x, other_y, other_width, other_height, other in boxes[:i]:
            if x < other_x + other_width - 1 and other_x < x + width - 1 and y < other_y + other_height - 1 and other_y < y + height - 1:
                yield name, other


@pytest.mark.parametrize("seed", range(12))
def test_no_node_lies_on_another(show, seed):
    page = show(graph(seed))
    for action in (None, "Open all", "Fold all"):
        if action and page.get_by_role("button", name=action).count():
            press(page, action)
        boxes = page.evaluate(BOXES)
        assert boxes and list(overlapping(boxes)) == []
        width, height = map(float, page.locator(".drawing").get_attribute("viewBox").split()[2:])
        assert all(0 <= x <= x + w <= width and 0 <= y <= y + h <= height for x, y, w, h, _ in boxes)
        assert "NaN" not in page.locator(".drawing").evaluate("(drawing) => drawing.outerHTML")
    go(page, 2)
    assert page.locator("[aria-current=step]").count() == 1


def test_data_flow_downwards(show):
    """Every edge ends below where it starts."""
    page = show(graph(3))
    starts_and_ends = page.evaluate(
        "() => [...document.querySelectorAll('.edge')].map((edge) => [edge.getPointAtLength(0).y, edge.getPointAtLength(1e6).y])"
    )
    assert starts_and_ends and all(start <= end for start, end in starts_and_ends)
