"""The driver of `make fuzz`: calls over every set of kernels, damaged files, and both again led by coverage.

Every call and every file has a number, from which it is drawn: what is found is seen again with
`python -m fuzz --only calls avx2 1234` or `--only files any 1234`. The work is done in other processes, which may die.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz import work

from pynn import _core


def options():
    parser = argparse.ArgumentParser(prog="fuzz", description="Call every function and read every format with what nobody would think of.")
    parser.add_argument("--calls", type=int, default=20_000, help="how many calls, over all sets of kernels")
    parser.add_argument("--files", type=int, default=3_000, help="how many damaged files")
    parser.add_argument("--guided", type=int, default=30, metavar="SECONDS", help="how long calls, and files, are led by coverage")
    parser.add_argument("--start", type=int, default=0, help="the number of the first call and file")
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "KERNELS", "NUMBER"), help="one call or file again, in this process")
    return parser.parse_args()


def run(what, *arguments):
    """Work in a process of its own; whether it ended well, after what it says has been shown."""
    with tempfile.TemporaryDirectory(prefix="pynn-fuzz-") as folder:
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "fuzz.work", folder, what, *map(str, arguments)])
        if done.returncode < 0:
            reached = (Path(folder) / work.REACHED).read_text()
            print(f"DIED of signal {-done.returncode} at --only {what} {arguments[0]} {reached}")
        print(f"{what} {arguments[0]}: {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


def main():
    args = options()
    if args.only:
        what, kernels, number = args.only
        return 0 if run(what, kernels, number, int(number) + 1) else 1
    sets = [isa for isa, there in _core.build_info()["isas"].items() if there]
    share = args.calls // len(sets)
    well = [run("calls", isa, args.start + i * share, args.start + (i + 1) * share) for i, isa in enumerate(sets)]
    well.append(run("files", "any", args.start, args.start + args.files))
    if args.guided and importlib.util.find_spec("atheris"):
        well += [run(f"guided-{what}", kernels, args.guided) for what, kernels in (("calls", "any"), ("files", "any"))]
    print("everything as promised" if all(well) else "NOT as promised: see above")
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
