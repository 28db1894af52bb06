"""Builds the programs of tests/c that look for faults, and runs them: kernels_stress once for every instruction set.

    python tests/c_programs.py FOLDER FLAG...

The compiler is CC, or gcc; the flags come after those of setup.py. The last line says what this machine cannot run.
"""

import os
import sys
from pathlib import Path

from building import ROOT, command, elsewhere, names_of_setup, say_what_is_missing, units

COMPILER = os.environ.get("CC", "gcc")
UNAVAILABLE = 3         # what kernels_stress returns where the processor lacks the instructions


def compile_kernels(folder, setup, flags):
    """The objects of csrc/kernels and csrc/platform, by name."""
    objects = {}
    for source, name, isa_flags in [*units(setup, "csrc/kernels"), *units(setup, "csrc/platform")]:
        objects[name] = folder / f"{name}.o"
        if command(COMPILER, *setup["FLAGS"], *isa_flags, *flags, "-c", source, "-o", objects[name]):
            sys.exit(f"{source} does not compile")
    return objects


def link(program, objects, flags):
    source = ROOT / "tests/c" / f"{program.name}.c"
    if command(COMPILER, "-std=gnu11", *flags, source, *objects, "-lm", "-pthread", "-o", program):
        sys.exit(f"{source} does not compile")


def main(folder, *flags):
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    setup = names_of_setup()
    objects = compile_kernels(folder, setup, flags)
    pool, kernels, processors = folder / "parallel_stress", folder / "kernels_stress", folder / "processors_check"
    link(pool, [objects[name] for name in objects if name.startswith("processors_")], flags)     # it includes parallel.c
    link(kernels, objects.values(), flags)
    link(processors, [], flags)         # it includes processors_linux.c

    here = [*setup["instruction_sets"](), "simple"]
    statuses = {isa: command(kernels, isa) for isa in here}
    missing = [isa for isa in here if statuses[isa] == UNAVAILABLE]
    failed = [isa for isa in here if statuses[isa] not in (0, UNAVAILABLE)]
    failed += [program.name for program in (pool, processors) if command(program)]
    if failed:
        return "failed: " + ", ".join(failed)
    say_what_is_missing(missing + elsewhere(setup))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
