"""Runs the tests under every instruction set that this processor has, for builds that look for faults.

    python tests/every_isa.py [pytest's arguments]

They run under the best instruction set; under the others those that conftest.py does not mark `once`. Hypothesis draws few
examples; building.py and conftest.py name what is left out, and why. The last lines say how each ended, and what this machine cannot run.
"""

import shlex
import sys
import time
import tomllib

import pytest
from building import QUICKLY, ROOT, command, elsewhere, names_of_setup, say_what_is_missing

import pynn


def default_marks():
    """The tests that pytest runs unasked, as pyproject.toml says it: a -m of one's own replaces that."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]["addopts"]
    return shlex.split(options)[-1]


def run(isa, marks, arguments):
    """pytest's exit status, and a sentence on it."""
    began = time.monotonic()
    status = command(sys.executable, "-m", "pytest", "-q", ROOT / "tests", *QUICKLY, "-m", marks, *arguments,
                     PYNN_CPU=isa, HYPOTHESIS_PROFILE="quick")
    ended = "passed" if status == pytest.ExitCode.OK else f"failed (pytest ends with {status})"
    return status, f"{isa}: {ended} after {time.monotonic() - began:.0f} s"


def main(arguments):
    sets = pynn._core.build_info()["isas"]
    here = [isa for isa, available in sets.items() if available]        # the best first
    marks = f"{default_marks()} and not python"
    print("Instruction sets:", *here, flush=True)
    results = [run(here[0], marks, arguments)]
    results += [run(isa, f"{marks} and not once", arguments) for isa in here[1:]]
    print(*(sentence for _, sentence in results), sep="\n")
    say_what_is_missing([isa for isa in sets if isa not in here] + elsewhere(names_of_setup()))
    return any(status for status, _ in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
