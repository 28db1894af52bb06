"""A wheel for another platform, tried on this one: ``python -m tools.emulated windows`` or ``aarch64``, with files of tests or folders.

Windows programs run under Wine, programs for 64-bit ARM under QEMU. Packages are the wheels for that platform.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tools.foreign import ROOT, Python, aarch64, install, windows
from tools.suite import copy_tests

NO_TESTS = 5  # pytest's status where all were left out
PATIENCE = 1800  # seconds for one file

# Tests that emulation cannot do: files, or the words that pytest's -k knows them by, and why.
LACKS = {
    "windows": {"safetensors_library": "the library asks for bcryptprimitives.dll, which Wine 8 lacks"},
    "aarch64": {
        "fork": "QEMU's fork of a process of several threads hangs now and then",
        "stress_in_c": "there is no compiler for that architecture",
    },
}

# What is tried unless files are named, which takes some twenty minutes on a processor to oneself. Wine computes at the processor's own
# speed, so there it is what depends on the system: files, threads, processes, memory, and a file of each kind of kernel. QEMU takes
# ten times as long and knows the processor alone, so there it is every kernel against its formula, and the threads.
CHOSEN = {
    "windows": ["io_files", "io_guards", "io_state", "weights", "datasets", "mapped", "threads", "interrupt", "exit", "memory", "cli", "cli_run", "trainer",
                "contracts", "errors", "optimizers", "functions", "matmul", "layers", "convolution", "winograd"],
    "aarch64": ["threads", "winograd", "tables", "io_files"],
}


def try_file(python: Python, folder: Path, file: str, left_out: str) -> Counter[str]:
    """How many tests of a file passed, failed and so on; it has a process of its own, so that what ends a process under emulation
    does not end all. What pytest says last is printed, and what failed."""
    command = [*python.command, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", left_out, file]
    env = {"HYPOTHESIS_PROFILE": "quick", **os.environ, **python.env}
    try:
        done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        print(f"{file}: not at its end after {PATIENCE} s", flush=True)
        return Counter(failed=1)
    lines = done.stdout.splitlines() or [""]
    print(f"{file}: {lines[-1]}", *(line for line in lines if line.startswith(("FAILED", "ERROR"))), sep="\n    ", flush=True)
    counts = Counter({what.removesuffix("s"): int(count) for count, what in re.findall(r"(\d+) (passed|skipped|failed|errors?)\b", lines[-1])})
    if done.returncode not in (0, NO_TESTS) and not counts["failed"] + counts["error"]:
        counts["failed"] = 1  # the process ended
    return counts


def files_of(name: str, folder: Path, arguments: list[str]) -> list[str]:
    """The files of tests to try: those that are chosen for a platform, or those that are named; a folder stands for all in it."""
    files: list[Path] = []
    for path in map(Path, arguments or [f"tests/test_{stem}.py" for stem in CHOSEN[name]]):
        files += sorted(found.relative_to(folder) for found in (folder / path).glob("test_*.py")) if (folder / path).is_dir() else [path]
    return [path.as_posix() for path in files if path.name not in LACKS[name]]


def main() -> int:
    """0 where all that was tried passes."""
    name, *arguments = sys.argv[1:]
    python = {"windows": windows, "aarch64": aarch64}[name]()
    pattern = {"windows": "*win_amd64.whl", "aarch64": "*manylinux*aarch64.whl"}[name]
    install(python, next((ROOT / "dist").glob(pattern)))
    for words, reason in LACKS[name].items():
        print(f"left out: {words}: {reason}")
    folder = python.packages.parent / "tests of pynn"
    shutil.rmtree(folder, ignore_errors=True)
    copy_tests(folder)
    left_out = " and ".join(f"not {words}" for words in LACKS[name] if not words.endswith(".py"))
    files = files_of(name, folder, arguments)
    counts = sum((try_file(python, folder, file, left_out) for file in files), Counter())
    print(f"{name}: {len(files)} files;", ", ".join(f"{count} {what}" for what, count in counts.items()))
    return int(counts["failed"] + counts["error"] > 0)


if __name__ == "__main__":
    sys.exit(main())
