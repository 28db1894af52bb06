"""Build of the extension ``pynn._core``; everything else stands in pyproject.toml."""

import os
import sysconfig
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
         "-Werror=implicit-function-declaration", "-Werror=int-conversion",
         *os.environ.get("PYNN_CFLAGS", "").split()]  # after the others: the sanitizers' and gcov's builds choose another -O

# One binary for every CPython from this one on. An interpreter without a GIL has no such interface yet.
STABLE = None if sysconfig.get_config_var("Py_GIL_DISABLED") else "0x030a0000"

# What is built for: "linux-x86_64", "win-amd64", "macosx-11.0-arm64". A cross-build says so in _PYTHON_HOST_PLATFORM.
PLATFORM = sysconfig.get_platform()
WINDOWS = PLATFORM.startswith("win")
POSIX = not WINDOWS and not PLATFORM.endswith("wasm32")

X86 = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
}
ARM = {"baseline": [], "neon": []}
WASM = {"baseline": [], "simd128": ["-msimd128"]}


def instruction_sets():
    """Compiler flags by instruction set, for the architecture that is built for."""
    if PLATFORM.endswith("universal2"):  # has both; the compiler skips the flags of the other one
        return {**{isa: [f for flag in flags for f in ("-Xarch_x86_64", flag)] for isa, flags in X86.items()}, **ARM}
    if PLATFORM.endswith(("x86_64", "amd64")):
        return X86
    if PLATFORM.endswith("wasm32"):
        return WASM
    return ARM if PLATFORM.endswith(("aarch64", "arm64")) else {"baseline": []}


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

    def get_ext_filename(self, fullname):
        name = super().get_ext_filename(fullname)
        return f"{name.split('.')[0]}.pyd" if WINDOWS else name


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
                *([("Py_LIMITED_API", STABLE)] if STABLE else []),
            ],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread"] if POSIX else [],
            py_limited_api=bool(STABLE),
        )
    ],
    cmdclass={"build_ext": BuildKernels},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if STABLE else {},
)
