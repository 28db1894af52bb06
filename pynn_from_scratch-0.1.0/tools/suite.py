"""The tests on an installed pynn, away from this checkout: ``python -m tools.suite`` with pytest's arguments."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What is about the checkout and not about what is installed.
OF_THE_CHECKOUT = ["test_benchmarks.py", "test_build.py", "test_examples.py", "test_notebooks.py", "test_readme.py",
                   "test_release.py", "test_typing.py"]


def copy_tests(folder: Path) -> Path:
    """The tests, and what they read, without the package itself."""
    for name in ("tests", "csrc", "docs", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__", *OF_THE_CHECKOUT))
    for path in (*ROOT.glob("*.toml"), *ROOT.glob("*.md")):
        shutil.copy(path, folder)
    return folder


def main() -> int:
    """Pytest's exit status."""
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(sys.argv[1:] or ["tests"])]
        return subprocess.run(command, cwd=copy_tests(Path(folder)), env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
