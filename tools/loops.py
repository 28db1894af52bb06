"""The micro-kernels' loops in the compiler's assembly: ``python -m tools.loops macos-arm64 macos-x86_64``.

For a platform that is not here to run on. table.c is compiled to assembly; a loop is what lies between a label and a jump back to it
with no other jump between; a micro-kernel's is one whose fused multiplications add up in many registers, which nothing else in the
loop writes, the whole tile's in one of them. None may touch the stack: that would be a register that was not there. (Winograd's
transforms do not add up from one round to the next; they have more numbers than there are registers.)
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.cross import ROOT, TARGETS, WORK

FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-g0"]
# By architecture: the instruction set, its flags, a fused multiplication, the vector that an instruction writes, the stack, and the
# registers of a tile.
ISAS = {
    "aarch64": ("neon", [], re.compile(r"^\s+fmla\b"), re.compile(r"^\s+(?!st)[\w.]+\s+\{?\s*[vqds](\d+)"), re.compile(r"\[(sp|x29)\b"), 24),
    "x86_64": ("avx2", ["-mavx2", "-mfma"], re.compile(r"^\s+vfmadd\d+p[sd]\b"), re.compile(r"%[xy]mm(\d+)\s*(?:##.*)?$"), re.compile(r"\(%rsp"), 12),
}
MANY = 8
LABEL = re.compile(r"^(\.?L\w+):")
JUMP = re.compile(r"^\s+(?:b|b\.\w+|cbn?z|tbn?z|j\w+)\s+(?:.*,\s*)?(\.?L\w+)\b")


def assembly(name: str) -> str:
    """table.c for a target."""
    triple = TARGETS[name].zig
    isa, flags, *_ = ISAS[triple.split("-")[0]]
    out = WORK / name / f"{isa}.s"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", triple, *FLAGS, *flags, f"-DISA_{isa}", "-S", "-o", out,
                    ROOT / "csrc/kernels/table.c"], check=True, stderr=subprocess.DEVNULL)
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


def sums(lines: list[str], fused: re.Pattern[str], written: re.Pattern[str]) -> set[str]:
    """The registers that fused multiplications alone write."""
    to, others = set[str](), set[str]()
    for line in lines:
        found = written.search(line)
        if found:
            (to if fused.match(line) else others).add(found[1])
    return to - others


def check(name: str) -> None:
    isa, _, fused, written, stack, tile = ISAS[TARGETS[name].zig.split("-")[0]]
    counts = []
    for lines in loops(assembly(name)):
        count = len(sums(lines, fused, written))
        if count < MANY:
            continue
        if any(stack.search(line) for line in lines):
            sys.exit(f"{name}: a loop of fused multiplications into {count} registers touches the stack:\n" + "\n".join(lines))
        counts.append(count)
    if max(counts, default=0) < tile:
        sys.exit(f"{name}: no loop of fused multiplications into the {tile} registers of a tile")
    print(f"{name}, {isa}: {len(counts)} loops of fused multiplications into {MANY} to {max(counts)} registers, none touches the stack")


if __name__ == "__main__":
    for target in sys.argv[1:]:
        check(target)
