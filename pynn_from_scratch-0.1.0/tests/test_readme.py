"""The README in both languages: the same figures, the same commands, and links that lead somewhere; and the documentation's."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import pynn

REPOSITORY = Path(__file__).resolve().parents[1]
ENGLISH, CHINESE = (REPOSITORY / name for name in ("README.md", "README.zh-CN.md"))
PAGES = sorted(path.relative_to(REPOSITORY).as_posix() for path in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def read(path):
    return path.read_text(encoding="utf-8")


def rows(text):
    """The cells of every row of every table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def figures(cell):
    return re.findall(r"\d+(?:[.,]\d+)*", cell)


def code(cell):
    return re.findall(r"`[^`]+`", cell)


def blocks(text, language):
    """The blocks of code of one language, without their comments."""
    return [re.sub(r" *#.*", "", block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.S)]


def anchors(text):
    """The addresses of a page's headings, as code hosts and MyST make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def test_the_tables_have_the_same_figures_and_code():
    english, chinese = rows(read(ENGLISH)), rows(read(CHINESE))
    assert len(english) == len(chinese) > 40
    for ours, theirs in zip(english, chinese, strict=True):
        assert len(ours) == len(theirs), (ours, theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert figures(a) == figures(b) and code(a) == code(b), (a, b)


def test_both_have_the_same_sections_pictures_and_figures_between_the_tables():
    english, chinese = read(ENGLISH), read(CHINESE)
    assert len(re.findall(r"^#+ ", english, re.M)) == len(re.findall(r"^#+ ", chinese, re.M))
    assert re.findall(r"!\[.*?\]\((.*?)\)", english) == re.findall(r"!\[.*?\]\((.*?)\)", chinese)
    for figure in (r"[\d.]+ %", r"[\d.,]+ (?:ms|s)\b", r"4,400"):
        assert re.findall(figure, english) == re.findall(figure, chinese)


@pytest.mark.parametrize("language", ["bash", "python"])
def test_both_list_the_same_commands(language):
    english = blocks(read(ENGLISH), language)
    assert english and english == blocks(read(CHINESE), language)


def test_both_name_the_same_commands_and_documents():
    commands = re.compile(r"`((?:make|pynn|python -m pynn) [^`]*)`")
    documents = re.compile(r"\]\((docs/[^)]*|benchmarks/[^)]*|[A-Z]+\.md)\)")
    for pattern in (commands, documents):
        english = set(pattern.findall(read(ENGLISH))) - {"README.zh-CN.md"}
        assert english and english == set(pattern.findall(read(CHINESE))) - {"README.md"}


def test_make_knows_the_targets():
    text = read(ENGLISH)
    targets = set(re.findall(r"`make ([\w-]+)", text) + re.findall(r"^make ([\w-]+)", "".join(blocks(text, "bash")), re.M))
    assert targets >= {"train", "test", "docs"}
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", read(REPOSITORY / "Makefile"), re.M)).split()
    assert targets <= set(phony)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", read(REPOSITORY / page), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert found.exists(), f"{page} links to {target}"
        if anchor:
            assert anchor in anchors(read(found)), f"{page} links to {target}"


def test_the_first_cell_runs():
    cell, = blocks(read(ENGLISH), "python")
    assert "epochs=30" in cell
    script = "import matplotlib; matplotlib.use('agg')\n" + cell.replace("epochs=30", "epochs=10")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout.splitlines()[-1]) > 0.9


def test_the_reference_has_every_public_name():
    text = "".join(read(page) for page in (REPOSITORY / "docs" / "api").glob("*.md"))
    documented = set(re.findall(r"autoclass:: \S+\.(\w+)", text))
    for name in re.findall(r"automodule:: (\S+)", text):
        module = importlib.import_module(name)
        documented.update(getattr(module, "__all__", dir(module)))
    modules = {name for name in dir(pynn) if isinstance(getattr(pynn, name), type(pynn))}
    missing = {name for name in dir(pynn) if not name.startswith("_")} - modules - documented
    assert not missing, f"docs/api has no {sorted(missing)}"
