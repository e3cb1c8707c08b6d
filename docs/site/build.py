"""Build the site: ``make site``. Its sources are put together in build/site-sources, and Sphinx makes build/site of them.

Nothing is asked of the network. Lessons are run once, and again when they or minidl change."""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
SOURCES, SITE, CACHES = BUILD / "site-sources", BUILD / "site", BUILD / "site-cache"
sys.path.insert(0, str(HERE / "extensions"))


def put(text: str, file: Path) -> Path:
    """Write a file only if it changes: Sphinx reads again what is newer than its last build."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return file


def digest(folder: Path) -> str:
    """Of all files in a folder."""
    made = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            made.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return made.hexdigest()[:16]


def put_together() -> None:
    """Everything that Sphinx reads; what does not belong there any more is removed."""
    import api_pages
    import lesson_files

    kept = [put((HERE / "conf.py").read_text(encoding="utf-8"), SOURCES / "conf.py")]
    for file in [*HERE.glob("*.md"), *HERE.parent.glob("*.md")]:
        kept.append(put(file.read_text(encoding="utf-8"), SOURCES / file.name))
    for one in lesson_files.lessons():
        kept.append(put(one.text, SOURCES / "lessons" / one.path.name))
        for name, text in lesson_files.downloads(one).items():
            kept.append(put(text, SOURCES / "lessons" / "downloads" / name))
    for name, text in api_pages.pages().items():
        kept.append(put(text, SOURCES / "api" / f"{name}.rst"))
    for file in SOURCES.rglob("*"):
        if file.is_file() and file not in kept and "jupyter_execute" not in file.parts:
            file.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="say only what is wrong")
    parser.add_argument("--fresh", action="store_true", help="forget what was built before")
    options = parser.parse_args()
    if options.fresh:
        for folder in (SOURCES, BUILD / "site-doctrees", CACHES):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)  # what was read is kept elsewhere; pages are quickly written, and none of yesterday's stays
    key = digest(ROOT / "minidl")  # what the lessons' outputs depend on, beside the lessons
    for cache in CACHES.glob("*"):
        if cache.name != key:
            shutil.rmtree(cache)
    put_together()
    environment = os.environ | {"MINIDL_SITE": str(HERE), "MINIDL_SITE_CACHE": str(CACHES / key), "MPLBACKEND": "agg"}
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-d", str(BUILD / "site-doctrees"),
               "-D", f"minidl_digest={key}{digest(HERE)}", str(SOURCES), str(SITE)]  # fmt: skip
    code = subprocess.run([*command, *(["-q"] if options.quiet else [])], env=environment, check=False).returncode
    if code == 0:
        files = [file for file in SITE.rglob("*") if file.is_file()]
        print(f"{SITE.relative_to(ROOT)}/index.html: {len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    return code


if __name__ == "__main__":
    sys.exit(main())
