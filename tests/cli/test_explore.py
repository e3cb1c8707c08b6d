"""``minidl explore``."""


def test_it_writes_the_page_and_says_where(run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run_command("explore")
    assert (code, out, err) == (0, "written: explore.html\n", "")
    assert "house" not in out and "price in ten thousands" in (tmp_path / "explore.html").read_text(encoding="utf-8")
    code, out, err = run_command("explore", "--out", "new/page.html", "--no-open")
    assert code == 0 and (tmp_path / "new" / "page.html").exists()


def test_a_terminal_gets_a_browser(tmp_path, monkeypatch, capsys):
    from minidl.cli import pages

    asked = []
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("webbrowser.open", lambda url: asked.append(url) or False)
    pages.opened(tmp_path / "a page.html")
    assert asked == [(tmp_path / "a page.html").as_uri()] and "open the file yourself" in capsys.readouterr().out
    pages.opened(tmp_path / "a page.html", show=False)
    assert len(asked) == 1
