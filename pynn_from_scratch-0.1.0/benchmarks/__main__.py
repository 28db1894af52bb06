"""Run the benchmarks, print what they find, write the report and its pictures."""

import argparse
import datetime
import importlib
import os
import subprocess
import time
from pathlib import Path

from . import build, machine, report, results, timing
from .targets import targets

GROUPS = ["steps", "trainer", "enter", "script", "mnist", "gemm", "avx2", "elementwise", "gradient", "memory", "calls", "busy",
          "beside", "scaling", "pool", "sklearn_fit", "compiling"]
WITH_EARLIER = {"steps", "trainer", "enter", "script", "mnist", "memory", "beside", "compiling"}
WITH_TRACED = {"pool", "compiling"}
HANDICAPS = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]      # they pin NumPy to a slower kernel


def main():
    for variable in HANDICAPS:
        if os.environ.pop(variable, None) is not None:
            print(f"unset {variable}")
    options = parse()
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    if options.read is None:
        prepare(options)
        facts, found = run(options)
        if options.out is not None:
            results.save(options.out / "results.json", facts, found)
            options.read = options.out / "results.json"
    if options.read is not None:
        facts, found = results.load(options.read)
    print()
    for promise, measured, kept in targets(found, facts["roofs"]):
        print(f"{ {True: 'yes', False: 'NO', None: ''}[kept]:<4}{promise}: {measured}")
    if options.out is not None:
        try:
            from . import pictures
            drawn = pictures.draw(options.out, facts, found)
        except ImportError:
            print("matplotlib is not installed: no pictures")
            drawn = {}
        print(f"\nwrote {report.write(options.out, facts, found, drawn)}")


def parse():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=GROUPS,
                        metavar="GROUPS", help=f"of {','.join(GROUPS)} (default: all)")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")],
                        help="numbers of threads to try (default: 1,2 where there are two processors)")
    parser.add_argument("--quick", action="store_true", help="fewer shapes and rounds")
    parser.add_argument("--against", metavar="COMMIT", default="dd4c9e7",
                        help="an earlier commit to build and to time beside this source (default: dd4c9e7; none: without)")
    parser.add_argument("--cpu-clock", action="store_true",
                        help="count processor time where one thread works: "
                             "for a look on a busy machine, not for a report")
    parser.add_argument("--out", type=Path, metavar="FOLDER",
                        help="write the report, its pictures and results.json here")
    parser.add_argument("--read", type=Path, metavar="RESULTS.JSON",
                        help="write the report of an earlier run anew")
    return parser.parse_args()


def prepare(options):
    """Build the copies of pynn that the chosen groups load; without them, those groups leave them out."""
    chosen = set(options.only)
    copies = {"PYNN_EARLIER": (WITH_EARLIER, lambda: build.earlier(options.against)), "PYNN_TRACED": (WITH_TRACED, build.traced)}
    if options.against == "none":
        del copies["PYNN_EARLIER"]
    for place, (groups, build_it) in copies.items():
        if chosen & groups:
            try:
                os.environ[place] = str(build_it())
            except build.Missing as reason:
                print(reason)


def run(options):
    """Measure the chosen groups; the facts about the machine and the records."""
    cpus = machine.cpus()
    threads = options.threads or list(range(1, min(2, len(cpus)) + 1))
    facts = {"date": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "commit": commit(),
             "quick": options.quick, "against": options.against, "processor": machine.processor(), "cpus": len(cpus),
             "others": machine.busy(), "roofs": machine.measure(threads)}
    print(f"{facts['processor']}, {len(cpus)} processors, {facts['others']:.0%} in use by others; "
          f"threads {threads}\nmeasured bounds: {facts['roofs']}")
    found, begin = results.Results(), time.perf_counter()
    with timing.Bench(cpus, threads, options.quick, options.cpu_clock) as bench:
        facts["peers"] = {peer: bench.contestant(peer, threads[-1]).ask("describe")
                          for peer in ("pynn", "numpy", "torch", "jax")}
        for peer, words in facts["peers"].items():
            print(f"{peer}: {words}")
        for group in options.only:
            start = time.perf_counter()
            for row in importlib.import_module(f"benchmarks.{group}").measure(bench):
                found.append(row)
                show(row)
            print(f"{group}: {time.perf_counter() - start:.0f} s")
        facts["missing"] = list(bench.missing)
        facts["seconds"] = time.perf_counter() - begin
        print(f"all groups: {facts['seconds']:.0f} s")
    return facts, found


def show(row):
    if "seconds" not in row:
        print(f"{row['group']:<12}{row['name']:<30}{row['peer']:<10}{row['megabytes']:.0f} MB", flush=True)
        return
    ratio = f"{row['ratio']:7.2f}x" if "ratio" in row else ""
    print(f"{row['group']:<12}{row['name']:<30}{row['dtype']:<9}{row['threads']:>2} "
          f"{row['peer']:<10}{1e6 * row['seconds']:>12.2f} us {ratio}", flush=True)


def commit():
    """The commit of this source, with a mark if it was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


if __name__ == "__main__":
    main()
