"""Runs the tests under every instruction set that this processor has, for builds that look for faults.

    python tests/every_isa.py [--best] [pytest's arguments]

They run under the best instruction set; under the others those that conftest.py does not mark `once`, as many instruction sets at once
as there are processors; with --best they do not run under the others. Hypothesis draws few examples; building.py and conftest.py name what is left out, and why. The last lines say
how each run ended, and what this machine cannot run.
"""

import os
import shlex
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
from building import QUICKLY, ROOT, command, elsewhere, names_of_setup, say_what_is_missing

import pynn


def default_marks():
    """The tests that pytest runs unasked, as pyproject.toml says it: a -m of one's own replaces that."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["addopts"]
    return shlex.split(options)[-1]


def run(isa, marks, arguments):
    """pytest's exit status, and a sentence on it; what pytest writes is printed when it has ended."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        status = command(sys.executable, "-m", "pytest", "-q", ROOT / "tests", *QUICKLY, "-m", marks, *arguments, said=said,
                         PYNN_CPU=isa, HYPOTHESIS_PROFILE="quick")
        said.seek(0)
        ended = "passed" if status == pytest.ExitCode.OK else f"failed (pytest ends with {status})"
        sentence = f"{isa}, {marks.rpartition(' and ')[2]}: {ended} after {time.monotonic() - began:.0f} s"
        print(said.read(), sentence, sep="", flush=True)
    return status, sentence


def main(arguments):
    sets = pynn._core.build_info()["isas"]
    here = [isa for isa, available in sets.items() if available]        # the best first
    tried = here
    if arguments[:1] == ["--best"]:
        tried, arguments = here[:1], arguments[1:]
    marks = f"{default_marks()} and not python"
    at_once = len(os.sched_getaffinity(0))
    print("Instruction sets:", *tried, f"({at_once} at once)", flush=True)
    with ThreadPoolExecutor(at_once) as pool:
        runs = [pool.submit(run, tried[0], f"{marks} and once", arguments)]
        runs += [pool.submit(run, isa, f"{marks} and not once", arguments) for isa in reversed(tried)]      # the slowest first
        results = [ended.result() for ended in runs]
    print(*(sentence for _, sentence in results), sep="\n")
    say_what_is_missing([isa for isa in sets if isa not in here] + elsewhere(names_of_setup()))
    return any(status for status, _ in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
