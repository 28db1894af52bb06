"""What may be released: the version, the tag and the changelog agree; and the workflows run what there is."""

import re
import subprocess
from pathlib import Path

import pytest

from tools import release

ROOT = Path(__file__).parents[1]
CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-11-28\n\n### Added\n- A thing.\n\n## 1.1.0\n- Older.\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of one commit on the branch main, in the place of this one."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    (tmp_path / "pynn").mkdir()
    (tmp_path / "pynn/_version.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    git(tmp_path, "switch", "--quiet", "--create", "change")
    return tmp_path


def git(folder, *arguments):
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments], cwd=folder, check=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=x")


def test_a_tag_names_the_version_that_the_changelog_describes(repository):
    assert release.tagged("v1.2.0") is None
    assert "says 1.2.0" in release.tagged("v1.3.0")
    (repository / "CHANGELOG.md").write_text(CHANGELOG.replace("## 1.2.0", "## 1.2.1"))
    assert "says nothing under 1.2.0" in release.tagged("v1.2.0")
    (repository / "CHANGELOG.md").write_text(CHANGELOG.replace("## Unreleased\n", "## Unreleased\n- Later.\n"))
    assert "under Unreleased" in release.tagged("v1.2.0")


def test_a_change_of_the_package_says_so(repository):
    (repository / "README.md").write_text("More words.\n")
    commit(repository)
    assert release.changed("main") is None
    (repository / "pynn/new.py").write_text("")
    commit(repository)
    assert "pynn/new.py has changed" in release.changed("main")
    (repository / "CHANGELOG.md").write_text(CHANGELOG.replace("## Unreleased\n", "## Unreleased\n- A new thing.\n"))
    assert release.changed("main") is None


@pytest.fixture
def workflows():
    return "".join(path.read_text() for path in ROOT.glob(".github/workflows/*.yml"))


def test_the_workflows_name_actions_by_their_commits(workflows):
    """A tag can be moved to other code by whoever owns the action."""
    actions = [action for action in re.findall(r"uses: (.*)", workflows) if not action.startswith("./")]
    assert actions and not [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v[\d.]+", action)]


def test_the_workflows_run_what_there_is(workflows):
    commands = "\n".join(re.findall(r"run: (.*)", workflows))
    targets, modules = set(re.findall(r"make ([\w-]+)", commands)), set(re.findall(r"-m (tools\.\w+)", commands))
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)).split()
    assert {"test", "test-sanitized", "docs", "wheels"} <= targets <= set(phony)
    assert {"tools.release", "tools.suite"} <= modules and all((ROOT / f"{name.replace('.', '/')}.py").exists() for name in modules)
