"""What a wheel or a source distribution must be before anybody gets it: ``python -m tools.check FILE ...`` prints each check and
stops at the first that fails."""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OF_GIT = {".gitignore", ".ci/run"}  # what only a checkout needs
LARGEST = 3_000_000  # bytes
NAME = re.compile(r"pynn_from_scratch-\d+(\.\d+)*-cp310-abi3-(?P<platform>\w+(\.\w+)*)\.whl")
PLATFORMS = {
    "manylinux2014_x86_64.manylinux_2_17_x86_64",
    "manylinux2014_aarch64.manylinux_2_17_aarch64",
    "musllinux_1_2_x86_64",
    "win_amd64",
    "macosx_11_0_arm64",
    "macosx_10_13_x86_64",
}


def passes(*command: object) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def check_tag(wheel: Path) -> str:
    match = NAME.fullmatch(wheel.name)
    if match is None or match["platform"] not in PLATFORMS:
        sys.exit(f"{wheel.name}: not a name that a wheel of pynn has")
    return match["platform"]


def check_size(wheel: Path) -> str:
    size = wheel.stat().st_size
    if size > LARGEST:
        sys.exit(f"{wheel.name}: {size} bytes are more than {LARGEST}")
    return f"{size / 1e6:.2f} MB"


def extension_of(wheel: Path) -> str:
    return "pynn/_core.pyd" if wheel.name.endswith("win_amd64.whl") else "pynn/_core.abi3.so"


def check_stable_abi(wheel: Path) -> str:
    """The symbols of Python that it uses are those of the stable ABI of 3.10, and on Windows from the library that has no more.
    abi3audit does not look at that library's name, nor at the extension's."""
    with zipfile.ZipFile(wheel) as archive:
        libraries = set(re.findall(rb"python3\d*\.dll", archive.read(extension_of(wheel))))
    if libraries - {b"python3.dll"}:
        sys.exit(f"{wheel.name}: asks for {libraries}")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        passes("abi3audit", "--strict", "--report", "--output", report, wheel)
        result = json.loads(report.read_text())["specs"]
    return f"{len(result)} wheel of the stable ABI"


def check_linux(wheel: Path) -> str:
    """The C library that it needs is no newer than its tag says."""
    policy = re.search(r'tag: "([^"]+)"', passes("auditwheel", "show", wheel).replace("\n", " "))
    if policy is None or policy[1] not in wheel.name:
        sys.exit(f"{wheel.name}: auditwheel says {policy and policy[1]}")
    return policy[1]


def check_contents(wheel: Path) -> str:
    """One extension, the types, the data of the package, and nothing of the tests."""
    passes("check_wheel_contents", wheel)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    extensions = [name for name in names if name.endswith((".so", ".pyd"))]
    if extensions != [extension_of(wheel)] or "pynn/py.typed" not in names or "pynn/_core.pyi" not in names:
        sys.exit(f"{wheel.name}: has {extensions}, and py.typed and _core.pyi must be there")
    return f"{len(names)} files, {extensions[0]}"


def check_source(archive: Path) -> None:
    """Every file of the repository is there."""
    tracked = set(subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split("\n")) - {""} - OF_GIT
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    if tracked - names:
        sys.exit(f"{archive.name}: lacks {sorted(tracked - names)}")
    print(archive.name)
    print(f"    complete: {len(tracked)} files of the repository")
    passes("twine", "check", "--strict", archive)
    print("    twine check: passed")


def check(wheel: Path) -> None:
    platform = check_tag(wheel)
    print(wheel.name)
    print("    size:", check_size(wheel))
    print("    abi3audit:", check_stable_abi(wheel))
    print("    check-wheel-contents:", check_contents(wheel))
    passes("twine", "check", "--strict", wheel)
    print("    twine check: passed")
    if "linux" in platform:
        print("    auditwheel:", check_linux(wheel))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        (check_source if name.endswith(".tar.gz") else check)(Path(name))
