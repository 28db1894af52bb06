"""``pynn check``: compare a script's numbers on pynn with those on plain NumPy."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

RTOL = 1e-6             # what is printed has often been rounded
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)|\b(?:nan|inf)\b")
_NAMES = {"pynn": "pynn", "plain": "plain NumPy"}


def add_parser(commands):
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "check", help="compare a script's numbers on pynn with those on plain NumPy",
        description="Run a script twice, on pynn and on plain NumPy (the reader's own common/ and dataset/, or pynn's "
                    "reference where there are none), each time with NumPy's generator seeded first, and compare what it "
                    "prints and what its variables hold in the end, in parts of the largest number of each. The exit status is 0 if all is the same.")
    parser.set_defaults(run=run)
    parser.add_argument("script", type=Path, metavar="SCRIPT", help="a .py file")
    parser.add_argument("args", nargs=argparse.REMAINDER, metavar="...", help="the script's own arguments")


def run(args):
    """Print a table of what was compared; return 0 if all is the same, 1 if not, 2 if there is no such script."""
    from tempfile import TemporaryDirectory
    if not args.script.is_file():
        print(f"pynn: {args.script}: no such script", file=sys.stderr)
        return 2
    if args.script.suffix == ".ipynb":
        print(f"pynn: {args.script} is a notebook; pynn check takes scripts, and jupyter nbconvert --to script makes one of it",
              file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder:
        runs = {kind: _observe(kind, Path(folder, f"{kind}.npz"), args) for kind in _NAMES}
    failed = [kind for kind, (status, *_) in runs.items() if status]
    if failed:
        return _report_failure(failed, runs)
    (_, text, values), (_, plain_text, plain_values) = runs.values()
    times = [float(each.pop(":seconds")) for each in (values, plain_values)]
    printed, plain_printed = map(_printed, (text, plain_text))
    rows = [_compare("what it prints", printed, plain_printed, np.maximum(np.abs(plain_printed), 1))]
    rows += [_compare(name, values.get(name), plain_values.get(name)) for name in {**plain_values, **values}]
    return _report(rows, times)


def _observe(kind, file, args):
    """A run's exit status, what it printed, and its values (of a failed run: what it wrote to standard error)."""
    result = subprocess.run([sys.executable, "-m", "pynn.cli.observe", kind, file, args.script, *args.args],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8",
                            env={**os.environ, "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"})
    if result.returncode:
        return result.returncode, result.stdout, result.stderr
    with np.load(file) as values:
        return 0, result.stdout, dict(values)


def _report_failure(failed, runs):
    for kind in failed:
        print(f"on {_NAMES[kind]} it fails: {(runs[kind][2].strip().splitlines() or ['without a word'])[-1]}")
    print("it fails on both" if len(failed) == 2 else f"it runs on {_NAMES[({*_NAMES} - {*failed}).pop()]} only")
    return 1


def _printed(text):
    return np.array([float(number) for number in _NUMBER.findall(text)])


def _compare(name, ours, plain, scale=None):
    """A row of the table: the name, how many numbers, how they compare, and whether they are the same.

    Differences are parts of `scale`, by default the largest number.
    """
    if ours is None or plain is None:
        return name, "", f"only on {_NAMES['plain' if ours is None else 'pynn']}", False
    if ours.shape != plain.shape:
        return name, "", f"{ours.size:,} numbers on pynn, {plain.size:,} on plain NumPy", False
    ours, plain, size = ours.ravel().astype(float), plain.ravel().astype(float), f"{ours.size:,}"
    alike = (ours == plain) | (np.isnan(ours) & np.isnan(plain))
    if alike.all():
        return name, size, "same to the bit", True
    with np.errstate(invalid="ignore"):
        if scale is None:
            scale = np.abs(plain[np.isfinite(plain)]).max(initial=1e-300)
        apart = np.where(alike, 0, np.abs(ours - plain) / scale)
    largest = float(apart.max())
    if largest <= RTOL:
        return name, size, f"same to {largest:.0e}", True
    first = int(np.argmax(~(apart <= RTOL)))
    return name, size, (f"differs by {largest:.0e}, first in number {first + 1}: {ours[first]:.9g} on pynn, {plain[first]:.9g} on "
                        "plain NumPy"), False


def _report(rows, times):
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, size, words, _ in rows:
        print(f"{name:<{widths[0]}}  {size:>{widths[1]}}  {words}")
    different = [name for name, *_, same in rows if not same]
    print(f"time: {times[0]:.2f} s on pynn, {times[1]:.2f} s on plain NumPy")
    print(f"different, first of all: {different[0]}" if different else "the same on pynn and on plain NumPy")
    return 1 if different else 0
