"""Run the benchmarks, print what they find, write the report and its pictures."""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

from . import machine, timing

GROUPS = ["gemm", "elementwise", "steps", "gradient", "calls", "busy", "scaling"]
HANDICAPS = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]      # they pin NumPy to a slower kernel


def main():
    unset = [name for name in HANDICAPS if os.environ.pop(name, None) is not None]
    if unset:
        print(f"unset {', '.join(unset)}")
    options = parse()
    bench = timing.Bench(options.threads, options.quick, options.cpu_clock)
    print(f"{machine.processor()}, {len(bench.cpus)} processors, threads {options.threads}")
    records = []
    with bench:
        for group in options.only:
            start = time.perf_counter()
            module = importlib.import_module(f"benchmarks.{group}")
            for row in module.measure(bench):
                records.append(row)
                show(row)
            print(f"{group}: {time.perf_counter() - start:.0f} s")


def parse():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), default=GROUPS,
                        metavar="GROUPS", help=f"of {','.join(GROUPS)} (default: all)")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")],
                        default=[1, 2], help="numbers of threads to try (default: 1,2)")
    parser.add_argument("--cpu-clock", action="store_true",
                        help="count processor time where one thread works: "
                             "for a look on a busy machine, not for a report")
    parser.add_argument("--quick", action="store_true", help="fewer shapes and rounds")
    return parser.parse_args()


def show(row):
    ratio = f"{row['ratio']:7.2f}x" if "ratio" in row else ""
    print(f"{row['group']:<12}{row['name']:<28}{row['dtype']:<9}{row['threads']:>2} "
          f"{row['peer']:<10}{1e6 * row['seconds']:>12.2f} us {ratio}", flush=True)


if __name__ == "__main__":
    main()
