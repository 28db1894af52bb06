"""The training steps of this source against those of an earlier commit, in one run.

``python -m benchmarks --only earlier --against COMMIT`` builds that commit below ``build/earlier`` unless it is there.
"""

import os
import subprocess
import sys
from pathlib import Path

from . import steps

ROOT = Path(__file__).parents[1]
PLACE = "PYNN_EARLIER"          # where the contestant finds the earlier pynn


def measure(bench):
    if PLACE not in os.environ:
        return
    for threads in bench.threads:
        for network in (*steps.MLPS, *steps.CONVNETS):
            yield from bench.compare("earlier", steps.case(network, "float32", steps.SIZE), ["pynn", "earlier"], threads)


prepare = steps.prepare


def build(commit):
    """Check a commit out, compile it, and return its folder."""
    name = _git("rev-parse", "--short", f"{commit}^{{commit}}")
    folder = ROOT / "build" / "earlier" / name
    if not list(folder.glob("pynn/_core*")):
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", name], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
        print(f"building {name} in {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder / "installed", "."],
                       cwd=folder, check=True)
        for extension in (folder / "installed" / "pynn").glob("_core*"):
            extension.rename(folder / "pynn" / extension.name)
    return folder


def _git(*args):
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
