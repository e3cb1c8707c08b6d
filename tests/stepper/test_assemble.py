"""The page is one file, and nothing in the data can end the element that holds them."""

import json
import re

import pytest

from minidl.pages import as_json
from minidl.stepper.assemble import SCRIPTS, page

from . import tapes


def data_in(html: str) -> object:
    return json.loads(re.search(r'<script type="application/json" id="tape">(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize("make", [tapes.scalar, tapes.dense, tapes.not_a_number, lambda: tapes.Convolution().tape()])
def test_the_data_come_back_as_they_were(make):
    tape = make()
    assert data_in(page(tape)) == tape


def test_text_cannot_end_the_element_or_open_a_comment():
    nasty = "</script><!--<script> & \u2028\u2029 \ud800 /*js*/ /*css*/ /*data*/"
    text = as_json({"title": nasty})
    assert not re.search("[<>&\u2028\u2029\ud800]", text)
    assert json.loads(text)["title"] == nasty
    assert data_in(page({"title": nasty}))["title"] == nasty
    page({"title": nasty}).encode("utf-8")


def test_numbers_that_json_lacks_are_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        page({"value": float("nan")})


def test_it_is_one_file_that_asks_for_nothing():
    html = page(tapes.scalar())
    without_data = re.sub(r'id="tape">.*?</script>', "", html, flags=re.DOTALL)
    assert not re.findall(r'<(?:link|img|iframe)\b|\bsrc=|href="(?!data:)|@import|url\(', without_data)
    assert "default-src 'none'" in html
    assert html.count("</script>") == 2 and html.count("/*") < 40 and "/*data*/" not in html


def test_every_script_of_the_page_is_used_once():
    from importlib.resources import files

    names = sorted(file.name.removesuffix(".js") for file in (files("minidl.stepper") / "page").iterdir() if file.name.endswith(".js"))
    assert names == sorted(SCRIPTS)


def test_the_scripts_never_parse_markup_nor_run_text():
    html = page({"title": "t"})
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(\"", html)
