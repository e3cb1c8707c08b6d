"""The page is one file, and nothing in the data can break out of it."""

import json
import re
from html.parser import HTMLParser

import minidl
from minidl import Tensor
from minidl.stepper.assembly import as_json, page

from .computations import scalar

EVIL = "</script><script>alert(1)</script><!--\u2028&amp;"


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.scripts, self.inside = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.inside = dict(attrs)
            self.scripts.append([self.inside, ""])

    def handle_endtag(self, tag):
        self.inside = None if tag == "script" else self.inside

    def handle_data(self, data):
        if self.inside is not None:
            self.scripts[-1][1] += data


def tape_in(text):
    (data,) = (content for attributes, content in Elements(text).scripts if attributes.get("id") == "tape")
    return json.loads(data)


def test_the_data_are_in_the_page():
    data = scalar().data()
    text = page(data)
    assert tape_in(text) == json.loads(json.dumps(data))
    assert not re.search(r"/\*(css|js|tape)\*/", text)
    assert not re.search(r"""(src|href)=["']?https?:""", text)


def test_data_cannot_break_out():
    w = Tensor([1.0], requires_grad=True, name=EVIL)
    with minidl.record() as tape:
        (w * w).backward()
    tape.title = EVIL
    data = tape.data()
    text, harmless = page(data), page(scalar().data())
    assert "alert(1)<" not in text.replace("\\u003c", "")
    assert len(Elements(text).scripts) == len(Elements(harmless).scripts)
    found = tape_in(text)
    assert found["title"] == EVIL and found["tensors"][0]["name"] == EVIL


def test_json_has_no_character_that_means_something_to_html():
    text = as_json({"a": EVIL, "b": ["/*js*/"]})
    assert not set("<>&\u2028\u2029") & set(text) and json.loads(text) == {"a": EVIL, "b": ["/*js*/"]}


def test_markers_in_the_data_stay_data():
    data = scalar().data()
    data["title"] = "/*tape*/ /*js*/ /*css*/"
    assert tape_in(page(data))["title"] == data["title"]
