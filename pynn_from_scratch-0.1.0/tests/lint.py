"""Compiles every source with GCC and Clang, warnings being errors, and runs clang-tidy over it; .clang-tidy says what it looks for.

    python tests/lint.py

Nothing is kept, and code is not optimized: warnings of the optimizers are for test-versions, which builds the whole with both.
"""

import sys
import sysconfig

from building import command, names_of_setup, units


def main():
    setup = names_of_setup()
    extension = setup["extension"]
    flags = [*setup["FLAGS"], *(f"-isystem{folder}" for folder in [*extension.include_dirs, sysconfig.get_path("include")]),
             *(f"-D{name}={value}" for name, value in extension.define_macros if value)]
    failed = []
    for source, name, more in units(setup):
        checks = {compiler: [compiler, "-fsyntax-only", "-Werror", *flags, *more, source] for compiler in ("gcc", "clang")}
        checks["clang-tidy"] = ["clang-tidy", "--quiet", "--warnings-as-errors=*", source, "--", *flags, *more]
        failed += [f"{name} ({check})" for check, words in checks.items() if command(*words)]
    if failed:
        return "failed: " + ", ".join(failed)
    print(f"{len(units(setup))} objects: no warning of GCC, Clang or clang-tidy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
