"""The kernels of one instruction set under test in C, where no Python runs: ``python -m tools.harness wasm neon musl``."""

import subprocess
import sys

from tools.cross import ROOT, WORK
from tools.loops import FLAGS

KERNELS = ROOT / "csrc" / "kernels"
PLATFORM = ROOT / "csrc" / "platform"
# By name: Zig's name of the platform, the instruction set and its flags, and what runs the program.
PROGRAMS = {
    "wasm": ("wasm32-wasi", "simd128", ["-msimd128"], ["node", "--no-warnings", str(ROOT / "tools/run_wasi.mjs")]),
    "neon": ("aarch64-linux-musl", "neon", [], ["qemu-aarch64"]),
    "musl": ("x86_64-linux-musl", "avx2", ["-mavx2", "-mfma"], []),
}


def check(name: str) -> None:
    triple, isa, flags, runner = PROGRAMS[name]
    program = WORK / f"check_{name}"
    program.parent.mkdir(parents=True, exist_ok=True)
    sources = [ROOT / "tests/c/table_check.c", *(KERNELS / f"{stem}.c" for stem in ("table", "simple", "rows", "parallel", "scratch")),
               *sorted(PLATFORM.glob("processors_*.c"))]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", triple, *FLAGS, *flags, f"-DISA_{isa}",
                    f"-DCHECKED=kernels_{isa}", *sources, "-lm", "-o", program], check=True)
    print(f"{name}:", subprocess.check_output([*runner, program], text=True).strip())


if __name__ == "__main__":
    for target in sys.argv[1:]:
        check(target)
