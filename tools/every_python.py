"""One wheel on every CPython that is found, without a compiler: ``python -m tools.every_python`` with pytest's arguments.

``PYTHONS="3.10 3.13"`` in the environment chooses some. The newest is Debian's where this machine has none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import foreign
from tools.cross import DIST, ROOT

WORK = ROOT / "build" / "every_python"
VERSIONS = os.environ.get("PYTHONS", "3.10 3.11 3.12 3.13 3.14").split()
PACKAGES = [*foreign.PACKAGES, "scikit-learn>=1.6", "anywidget>=0.9"]


def interpreter(version: str) -> Path | None:
    """python3.x on the path or among pyenv's."""
    on_path = shutil.which(f"python{version}")
    by_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for path in (*map(Path, filter(None, [on_path])), *by_pyenv):
        if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return path
    return None


def installed(version: str, wheel: Path) -> list[str] | None:
    """A Python with the wheel, how to call it; None where there is none."""
    python, folder = interpreter(version), WORK / version
    if python is None and version != foreign.NEWEST:
        return None
    if python is None:
        newest = foreign.newest()
        foreign.install(newest, wheel, *PACKAGES)
        return newest.command
    command = [str(folder / "bin" / "python")]
    if not folder.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [*command, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--only-binary=:all:"]
    subprocess.run([*pip, wheel, *PACKAGES], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", wheel], check=True)
    return command


def try_on(command: list[str], arguments: list[str]) -> int:
    """The suite's exit status, where no compiler is found."""
    subprocess.run([*command, "-c", "import sys, numpy, pynn; print(sys.version.split()[0], 'NumPy', numpy.__version__, pynn.__file__)"],
                   cwd=WORK, check=True)
    return subprocess.run([*command, "-m", "tools.suite", *arguments], cwd=ROOT, env={**os.environ, "CC": "/bin/false"}).returncode


def main() -> int:
    """0 where the suite passes on all of them."""
    WORK.mkdir(parents=True, exist_ok=True)
    wheel = next(DIST.glob("*manylinux*_x86_64.whl"))
    statuses = {}
    for version in VERSIONS:
        command = installed(version, wheel)
        if command is not None:
            statuses[version] = try_on(command, sys.argv[1:])
    for version in VERSIONS:
        print(version, {None: "not found", 0: "passed"}.get(statuses.get(version), "failed"))
    return int(any(statuses.values()) or not statuses)


if __name__ == "__main__":
    sys.exit(main())
