"""One wheel on every CPython that is found, without a compiler: ``python -m tools.every_python`` with pytest's arguments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.cross import DIST, ROOT

WORK = ROOT / "build" / "every_python"
VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
PACKAGES = ["pytest>=8", "hypothesis>=6.100", "matplotlib>=3.7", "pillow>=10", "tqdm>=4.60", "safetensors>=0.4", "pooch>=1.7",
            "scikit-learn>=1.3"]


def interpreter(version: str) -> Path | None:
    """python3.x on the path or among pyenv's."""
    on_path = shutil.which(f"python{version}")
    by_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for path in (*map(Path, filter(None, [on_path])), *by_pyenv):
        if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return path
    return None


def try_on(version: str, python: Path, arguments: list[str]) -> int:
    """The suite's exit status on a Python of its own, where no compiler is found."""
    folder = WORK / version
    installed = folder / "bin" / "python"
    wheel = next(DIST.glob("*manylinux*_x86_64.whl"))
    if not installed.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [installed, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--only-binary=:all:"]
    subprocess.run([*pip, wheel, *PACKAGES], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", wheel], check=True)
    env = {**os.environ, "CC": "/bin/false"}
    return subprocess.run([installed, "-m", "tools.suite", *arguments], cwd=ROOT, env=env).returncode


def main() -> int:
    """0 where the suite passes on all of them."""
    statuses = {}
    for version in VERSIONS:
        python = interpreter(version)
        if python is not None:
            statuses[version] = try_on(version, python, sys.argv[1:])
    for version in VERSIONS:
        print(version, {None: "not found", 0: "passed"}.get(statuses.get(version), "failed"))
    return int(any(statuses.values()) or not statuses)


if __name__ == "__main__":
    sys.exit(main())
