"""Walk a built site: every link and anchor resolves, nothing is loaded from another host, every picture is described.

    python docs/site/check.py build/site
"""
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": ["src"], "img": ["src", "srcset"], "iframe": ["src"], "link": ["href"], "source": ["src", "srcset"], "audio": ["src"],
    "video": ["src", "poster"], "object": ["data"], "embed": ["src"], "input": ["src"], "use": ["href"], "image": ["href"],
}  # fmt: skip
STYLE = re.compile(r"url\(\s*[\"']?\s*((?:https?:)?//[^\"')]+)|@import\s+[\"']((?:https?:)?//[^\"']+)", re.IGNORECASE)
ELSEWHERE = re.compile(r"(https?:)?//", re.IGNORECASE)


class Page(HTMLParser):
    """What a page links to, loads, and what its anchors are."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = {"", "top"}
        self.undescribed: list[str] = []
        self.twice: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, Any]]) -> None:
        given = dict(attributes)
        if name := given.get("id"):
            if name in self.anchors:
                self.twice.append(name)
            self.anchors.add(name)
        if tag == "a" and given.get("name"):
            self.anchors.add(given["name"])
        if tag in ("a", "area") and given.get("href"):
            self.links.append(given["href"])
        for name in LOADS.get(tag, []):
            if given.get(name):
                self.loads.append(given[name])
        if tag == "img" and not str(given.get("alt") or "").strip() and given.get("role") != "presentation":
            self.undescribed.append(str(given.get("src") or given.get("id")))

    handle_startendtag = handle_starttag


def problems(site: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"there is no page in {site}"]
    for file, page in pages.items():
        name = file.relative_to(site)
        of_minidl = name.parts[0] != "interactive"  # pages in frames answer for themselves
        found += [f"{name}: loads {address}" for address in page.loads if ELSEWHERE.match(address)]
        found += [f"{name}: its style loads {a or b}" for a, b in STYLE.findall(file.read_text(encoding="utf-8"))]
        found += [f"{name}: the picture {picture} is not described" for picture in page.undescribed if of_minidl]
        found += [f"{name}: two elements have the id {anchor!r}" for anchor in page.twice if of_minidl]
        for address in [*page.links, *(one for one in page.loads if "," not in one)]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                found.append(f"{name}: {address} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{name}: {address}: there is no such place on that page")
    for style in site.rglob("*.css"):
        found += [f"{style.relative_to(site)}: loads {a or b}" for a, b in STYLE.findall(style.read_text(encoding="utf-8"))]
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/site").resolve()
    wrong = problems(folder)
    print("\n".join(wrong[:100]) or f"{len(list(folder.rglob('*.html')))} pages: every link resolves, and nothing comes from another host")
    sys.exit(bool(wrong))
