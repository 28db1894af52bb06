"""The notebooks without running them: English and Chinese alike, every section of the book there, every exercise solved."""
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = sorted({path.name for folder in (ROOT, ROOT / "zh-CN") for path in folder.glob("*.ipynb")})
PATHS = [folder / name for folder in (ROOT, ROOT / "zh-CN") for name in NAMES]

# What a reader with the book in hand looks for, by the numbers of the book's sections.
SECTIONS = {
    "ch01.ipynb": "1.1 1.2 1.3 1.3.1 1.3.2 1.3.3 1.3.4 1.3.5 1.3.6 1.3.7 1.3.8 1.3.9 1.4 1.4.1 1.4.2 "
                  "1.5 1.5.1 1.5.2 1.5.3 1.5.4 1.5.5 1.5.6 1.6 1.6.1 1.6.2 1.6.3",
    "ch02.ipynb": "2.1 2.2 2.2.1 2.2.2 2.3 2.3.1 2.3.2 2.3.3 2.4 2.4.1 2.4.2 2.5 2.5.1 2.5.2 2.6",
    "ch03.ipynb": "3.1 3.1.1 3.1.2 3.1.3 3.2 3.2.1 3.2.2 3.2.3 3.2.4 3.2.5 3.2.6 3.2.7 3.3 3.3.1 3.3.2 3.3.3 "
                  "3.4 3.4.1 3.4.2 3.4.3 3.5 3.5.1 3.5.2 3.5.3 3.5.4 3.6 3.6.1 3.6.2 3.6.3",
    "ch04.ipynb": "4.1 4.1.1 4.1.2 4.2 4.2.1 4.2.2 4.2.3 4.2.4 4.2.5 4.3 4.3.1 4.3.2 4.3.3 4.4 4.4.1 4.4.2 "
                  "4.5 4.5.1 4.5.2 4.5.3",
    "ch05.ipynb": "5.1 5.1.1 5.1.2 5.1.3 5.2 5.2.1 5.2.2 5.2.3 5.3 5.3.1 5.3.2 5.3.3 5.4 5.4.1 5.4.2 5.5 5.5.1 5.5.2 "
                  "5.6 5.6.1 5.6.2 5.6.3 5.7 5.7.1 5.7.2 5.7.3 5.7.4",
    "ch06.ipynb": "6.1 6.1.1 6.1.2 6.1.3 6.1.4 6.1.5 6.1.6 6.1.7 6.1.8 6.2 6.2.1 6.2.2 6.2.3 6.2.4 6.3 6.3.1 6.3.2 "
                  "6.4 6.4.1 6.4.2 6.4.3 6.5 6.5.1 6.5.2 6.5.3",
    "ch07.ipynb": "7.1 7.2 7.2.1 7.2.2 7.2.3 7.2.4 7.2.5 7.2.6 7.2.7 7.3 7.4 7.4.1 7.4.2 7.4.3 7.4.4 7.5 7.6 7.6.1 7.6.2 "
                  "7.7 7.7.1 7.7.2",
    "ch08.ipynb": "8.1 8.1.1 8.1.2 8.1.3 8.2 8.2.1 8.2.2 8.2.3 8.2.4 8.3 8.3.1 8.3.2 8.3.3 8.3.4 8.4 8.4.1 8.4.2 8.4.3 "
                  "8.5 8.5.1 8.5.2 8.5.3 8.5.4",
}

# Of whoever ran the notebook last: home folders, temporary files, where Python is installed.
MACHINE_PATH = re.compile(r"/(?:home|root|tmp|work|usr|opt|Users|private|mnt)/\w|[A-Z]:\\+(?:Users|Windows|Program)|site-packages")


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def code(path):
    return [source(cell) for cell in cells(path) if cell["cell_type"] == "code"]


def words(path):
    return "\n\n".join(source(cell) for cell in cells(path) if cell["cell_type"] == "markdown")


def headings(path):
    """Return (level, number) of every heading: (3, '1.5.6'), or (2, '') where there is none."""
    text = re.sub(r"^```.*?^```", "", words(path), flags=re.M | re.S)
    found = re.findall(r"^(#+) +(\d+(?:\.\d+)+)?", text, flags=re.M)
    return [(len(marks), number) for marks, number in found]


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_run_the_same_code(name):
    assert code(ROOT / "zh-CN" / name) == code(ROOT / name)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_cells_and_headings(name):
    english, chinese = ROOT / name, ROOT / "zh-CN" / name
    assert [(c["id"], c["cell_type"]) for c in cells(chinese)] == [(c["id"], c["cell_type"]) for c in cells(english)]
    assert headings(chinese) == headings(english)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_are_themselves(name):
    """The Chinese words of a page are many; on the English page they are those of the table of words."""
    chinese = re.compile("[\u4e00-\u9fff]")
    assert len(chinese.findall(words(ROOT / "zh-CN" / name))) > 500
    outside_tables = re.sub(r"^\|.*$", "", words(ROOT / name), flags=re.M)
    assert not chinese.findall(outside_tables)


@each([folder / name for folder in (ROOT, ROOT / "zh-CN") for name in SECTIONS])
def test_every_section_has_its_words(path):
    """A heading with the book's number, and text below it, not the next heading."""
    numbers = [number for _, number in headings(path)]
    assert [number for number in SECTIONS[path.name].split() if number not in numbers] == []
    parts = re.split(r"^#+ +", words(path), flags=re.M)
    assert [part for part in parts if re.match(r"\d+\.\d+\.\d+", part) and len(part.split("\n", 1)[-1].strip()) < 10] == []


@each(PATHS)
def test_every_exercise_has_a_solution(path):
    """Folded away, in the order of the exercises, with code that runs wherever the question is not a mere why."""
    exercises = re.search(r"^## (?:Exercises|练习)$(.*?)^## ", words(path), flags=re.M | re.S)
    asked = re.findall(r"^(\d+)\. ", exercises[1], flags=re.M)
    assert asked and re.findall(r"<summary>\D*?(\d+)", words(path)) == asked
    solutions = [after["cell_type"] for cell, after in zip(cells(path), cells(path)[1:])
                 if cell["cell_type"] == "markdown" and source(cell).lstrip().startswith("<details>")]
    assert len(solutions) == len(asked) and solutions.count("code") > len(asked) / 2


@each(PATHS)
def test_was_run_and_keeps_nothing_of_the_machine(path):
    found = cells(path)
    executed = [cell["execution_count"] for cell in found if cell["cell_type"] == "code"]
    assert executed == list(range(1, len(executed) + 1))
    assert not [o for cell in found for o in cell.get("outputs", ()) if o["output_type"] == "error" or o.get("name") == "stderr"]
    text = [source(cell) for cell in found]
    text += [json.dumps({k: v for k, v in o.get("data", o).items() if k != "image/png"})
             for cell in found for o in cell.get("outputs", ())]
    assert [match[0] for part in text for match in MACHINE_PATH.finditer(part)] == []


@each(PATHS)
def test_a_widget_is_stored_as_its_still_picture(path):
    """A view without its kernel is an empty place on a code host, and an error in JupyterLab."""
    data = [output.get("data", {}) for cell in cells(path) for output in cell.get("outputs", ())]
    assert not [kinds for kinds in data if "application/vnd.jupyter.widget-view+json" in kinds]
    assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]
    if path.name == "widgets.ipynb":
        assert sum("image/png" in kinds for kinds in data) == 5
