"""Reading a page as a browser does: which scripts are in it, and the tape."""

import json
from html.parser import HTMLParser
from typing import Any

EVIL = "</script><script>alert(1)</script><!--\u2028&amp;"


class Scripts(HTMLParser):
    """``scripts``: the attributes and the text of each script element."""

    def __init__(self, text: str):
        super().__init__()
        self.scripts: list[list[Any]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.inside = True
            self.scripts.append([dict(attrs), ""])

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1][1] += data


def tape_in(text: str) -> Any:
    (data,) = (content for attributes, content in Scripts(text).scripts if attributes.get("id") == "tape")
    return json.loads(data)
