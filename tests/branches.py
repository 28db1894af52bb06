"""Says which branches of the C no test took, line by line, and why not.

    python tests/branches.py COVERAGE.json

The file is gcovr's. tests/branches.txt has the reasons: a paragraph each, and below it the lines for which it holds, as they stand in
the source; where the file's name has a `*`, for every line there that contains the text. A line without a reason is a failure: write the
test, remove the branch, or say why it cannot be taken.
"""

import collections
import fnmatch
import json
import sys
from pathlib import Path

from building import ROOT

REASONS = Path(__file__).with_suffix(".txt")


def reasons():
    """(file or pattern, text, why) of every line of branches.txt that names one."""
    for paragraph in REASONS.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        why = " ".join(line for line in lines if not line.startswith("csrc/"))
        for line in lines:
            if line.startswith("csrc/"):
                file, _, text = line.partition(":")
                yield file, text.strip(), why


def reason_of(known, file, text):
    for where, part, why in known:
        if where == file and part == text or "*" in where and fnmatch.fnmatch(file, where) and part in text:
            return why
    return None


def merged(entries):
    """How often each branch of a line was taken, of all the functions that a template made of it.

    The compiler may keep other branches in one of them than in the next: then the one that tests have taken best stands for all.
    """
    alike = collections.defaultdict(list)
    for branches in entries:
        alike[len(branches)].append(branches)
    taken = [[max(counts) for counts in zip(*group)] for group in alike.values()]
    return min(taken, key=lambda counts: counts.count(0) / len(counts))


def left(report):
    """(file, number, untaken, all, text) of every line that has a branch which was never taken."""
    for file in report["files"]:
        entries = collections.defaultdict(list)
        for line in file["lines"]:
            branches = [branch["count"] for branch in line["branches"] if not branch.get("gcovr/excluded")]
            if branches:
                entries[line["line_number"]].append(branches)
        source = (ROOT / file["file"]).read_text(encoding="utf-8").splitlines()
        for number, of_one in sorted(entries.items()):
            counts = merged(of_one)
            if 0 in counts:
                yield file["file"], number, counts.count(0), len(counts), source[number - 1].strip()


def main(path):
    known, unexplained, groups = list(reasons()), [], collections.defaultdict(list)
    for file, number, untaken, branches, text in left(json.loads(Path(path).read_text())):
        line = f"{file}:{number}: {untaken} of {branches}: {text}"
        why = reason_of(known, file, text)
        (unexplained if why is None else groups[why]).append(line)
    for why, lines in groups.items():
        print(why, *lines, "", sep="\n")
    if unexplained:
        print("Without a reason in tests/branches.txt:", *unexplained, sep="\n")
        return 1
    print("Every line whose branches were not all taken has its reason.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
