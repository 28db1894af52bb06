"""Build of the extension ``pynn._core``; everything else stands in pyproject.toml."""

import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = Path("csrc/kernels")
TABLE = str(KERNELS / "table.c")

# FMA contraction stays on and NaN, infinity and subnormals keep their meaning: no -ffast-math, no -march=native.
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden",
         "-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Wdouble-promotion", "-Wno-unknown-pragmas",
         *os.environ.get("PYNN_CFLAGS", "").split()]  # after the others: the sanitizers' and gcov's builds choose another -O

X86 = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
}
ARM = {"baseline": [], "neon": []}


def instruction_sets():
    """Compiler flags by instruction set, for the architecture that this interpreter's extensions have."""
    if sys.platform == "darwin":  # a universal build has both; the compiler skips the flags of the other one
        return {**{isa: [f for flag in flags for f in ("-Xarch_x86_64", flag)] for isa, flags in X86.items()}, **ARM}
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return X86
    return ARM if machine in ("aarch64", "arm64") else {"baseline": []}


class BuildKernels(build_ext):
    """Compiles table.c once per instruction set, each into an object of its own."""

    def build_extension(self, ext):
        def compile_table(item):
            isa, flags = item
            return self.compiler.compile(
                [TABLE],
                output_dir=str(Path(self.build_temp) / isa),
                macros=[(f"ISA_{isa}", None)],
                extra_postargs=FLAGS + flags,
                depends=ext.depends,
            )

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # the compiler works, the threads only wait for it
            for objects in pool.map(compile_table, instruction_sets().items()):
                ext.extra_objects += objects
        super().build_extension(ext)


sources = sorted(str(p) for p in Path("csrc").rglob("*.c") if str(p) != TABLE)
headers = sorted(str(p) for p in Path("csrc").rglob("*.h"))

setup(
    ext_modules=[
        Extension(
            "pynn._core",
            sources=sources,
            depends=[*headers, TABLE],
            include_dirs=[numpy.get_include()],
            define_macros=[
                ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
                ("ISA_baseline", None),
            ],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread"],
        )
    ],
    cmdclass={"build_ext": BuildKernels},
)
