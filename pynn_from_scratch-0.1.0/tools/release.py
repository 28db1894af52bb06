"""Whether a version may be released, and whether a change says so in the changelog.

``python -m tools.release tagged v0.2.0``: the tag, pynn/_version.py and CHANGELOG.md name the same version.
``python -m tools.release changed main``: who changes the package or the C also writes a line under Unreleased.

The version stands in pynn/_version.py and not in the tags alone: a source archive and an installed checkout know theirs without git.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## (.+?)(?: [-–] .*)?$", re.MULTILINE)


def version() -> str:
    return re.search(r'"(.+)"', (ROOT / "pynn/_version.py").read_text())[1]


def sections(text: str) -> dict[str, str]:
    """What the changelog says of each version."""
    parts = HEADING.split(text)
    return {title.strip("[]"): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def tagged(tag: str) -> str | None:
    """What is wrong with a tag, if anything is."""
    changes = sections((ROOT / "CHANGELOG.md").read_text())
    if tag != f"v{version()}":
        return f"the tag is {tag} but pynn/_version.py says {version()}"
    if not changes.get(version()):
        return f"CHANGELOG.md says nothing under {version()}"
    if changes.get("Unreleased"):
        return f"CHANGELOG.md still has entries under Unreleased; they belong under {version()}"
    return None


def changed(base: str) -> str | None:
    """What a change since `base` lacks, if anything."""

    def git(*command: str) -> str:
        return subprocess.check_output(["git", *command], cwd=ROOT, text=True)

    files = git("diff", "--name-only", f"{base}...").split()
    matters = [name for name in files if name.startswith(("pynn/", "csrc/", "setup.py", "pyproject.toml"))]
    before = sections(git("show", f"{git('merge-base', base, 'HEAD').strip()}:CHANGELOG.md"))
    if matters and sections((ROOT / "CHANGELOG.md").read_text()) == before:
        return f"{matters[0]} has changed but CHANGELOG.md has not; say under Unreleased what a user will notice"
    return None


if __name__ == "__main__":
    wrong = {"tagged": tagged, "changed": changed}[sys.argv[1]](sys.argv[2])
    sys.exit(wrong and f"release: {wrong}")
