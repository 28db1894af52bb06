"""The micro-kernels' loops in the compiler's assembly: ``python -m tools.loops macos-arm64 macos-x86_64``.

For a platform that is not here to run on. table.c is compiled to assembly; a loop is what lies between a label and a jump back to it
with no other jump between; a micro-kernel's is one with a tile's worth of fused multiplications. None may touch the stack: that would
be a register that was not there.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.cross import ROOT, TARGETS, WORK

FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-g0"]
# By architecture: the instruction set, its flags, a fused multiplication, the stack, and how many a tile has at least.
ISAS = {
    "aarch64": ("neon", [], re.compile(r"\bfmla(\.4s|\.2d|\s+v)"), re.compile(r"\[sp"), 16),
    "x86_64": ("avx2", ["-mavx2", "-mfma"], re.compile(r"\bvfmadd\d+p[sd]\b"), re.compile(r"\(%rsp"), 8),
}
LABEL = re.compile(r"^(\.?L\w+):")
JUMP = re.compile(r"^\s+(?:b|b\.\w+|cbn?z|tbn?z|j\w+)\s+(?:.*,\s*)?(\.?L\w+)\b")


def assembly(name: str) -> str:
    """table.c for a target."""
    triple = TARGETS[name].zig
    isa, flags, *_ = ISAS[triple.split("-")[0]]
    out = WORK / name / f"{isa}.s"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", triple, *FLAGS, *flags, f"-DISA_{isa}", "-S", "-o", out,
                    ROOT / "csrc/kernels/table.c"], check=True)
    return out.read_text()


def loops(text: str) -> Iterator[list[str]]:
    """The innermost loops, as lines."""
    begin: str | None = None
    lines: list[str] = []
    for line in text.splitlines():
        label, jump = LABEL.match(line), JUMP.match(line)
        if label:
            begin, lines = label[1], []
        elif jump:
            if jump[1] == begin:
                yield lines
            begin = None
        elif begin is not None:
            lines.append(line)


def check(name: str) -> None:
    isa, _, fused, stack, least = ISAS[TARGETS[name].zig.split("-")[0]]
    counts = []
    for lines in loops(assembly(name)):
        count = sum(bool(fused.search(line)) for line in lines)
        if count < least:
            continue
        if any(stack.search(line) for line in lines):
            sys.exit(f"{name}: a loop of {count} fused multiplications touches the stack:\n" + "\n".join(lines))
        counts.append(count)
    if not counts:
        sys.exit(f"{name}: no loop of {least} fused multiplications")
    print(f"{name}, {isa}: {len(counts)} loops of {min(counts)} to {max(counts)} fused multiplications, none touches the stack")


if __name__ == "__main__":
    for target in sys.argv[1:]:
        check(target)
