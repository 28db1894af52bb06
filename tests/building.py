"""What setup.py compiles, and with which flags, for whoever compiles the C in another way."""

import os
import runpy
import subprocess
from pathlib import Path
from unittest import mock

import setuptools

ROOT = Path(__file__).parents[1]

# What a run on another build or version leaves out: the checkers of types, which are for one version, and a third of the time,
# in which test_contracts.py counts references; make test-leaks counts them for every function.
QUICKLY = ["--ignore=tests/test_typing.py",
           *(f"--deselect=tests/test_contracts.py::test_{what}_nothing" for what in ("functions_and_layers_leak", "the_others_leak", "errors_leak"))]


def names_of_setup():
    """The names that setup.py defines, and the extension that it describes as `extension`."""
    os.chdir(ROOT)              # its paths are relative
    with mock.patch.object(setuptools, "setup") as setup:
        names = runpy.run_path(str(ROOT / "setup.py"))
    return {**names, "extension": setup.call_args.kwargs["ext_modules"][0]}


def units(setup, folder="."):
    """(source, name, flags) of every object that the extension, or what of it lies in `folder`, is made of."""
    found = [(source, Path(source).stem, ["-DISA_baseline"]) for source in setup["sources"]]
    found += [(setup["TABLE"], f"table_{isa}", [f"-DISA_{isa}", *flags]) for isa, flags in setup["instruction_sets"]().items()]
    return [(ROOT / source, name, flags) for source, name, flags in found if Path(source).is_relative_to(folder)]


def elsewhere(setup):
    """The instruction sets that are compiled on other architectures alone."""
    return sorted({*setup["X86"], *setup["ARM"]} - {*setup["instruction_sets"]()})


def say_what_is_missing(missing):
    print("Not run, because this processor has no such instructions:", ", ".join(missing) or "none is missing")


def command(*arguments, cwd=ROOT, said=None, **env):
    """The exit status of a command, with these additions to the environment; `said` is a file for what it writes."""
    return subprocess.run([str(argument) for argument in arguments], env={**os.environ, **env}, cwd=cwd, stdout=said, stderr=said).returncode
