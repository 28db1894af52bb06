"""Wheels for every platform, compiled on this one by Zig: ``python -m tools.cross windows musllinux``.

Zig brings a Clang, and headers and libraries of every system, in one package of PyPI. What it does not bring are NumPy's headers
for that system, which come from NumPy's own wheel, and for Windows Python's: see `windows_python`. A wheel is built from the
source distribution, so that one is known to be complete.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "cross"
DIST = ROOT / "dist"
NUMPY = "2.1.3"  # any from 2.0 on has the interface; its headers tell the sizes of a platform's types


@dataclass(frozen=True)
class Target:
    """A platform as Zig, as Python and as NumPy's wheels call it; how an extension is linked there, and on Linux the tag of its
    wheel, which tools/check.py holds its symbols against."""

    zig: str
    python: str
    numpy: str
    link: tuple[str, ...] = ("-shared", "-s")
    tag: str = ""


MUSL = ("-shared", "-s", "-nostdlib", "-Wl,--no-as-needed")
MACOS = ("-shared", "-undefined", "dynamic_lookup", "-s", "-Wl,-install_name,_core.abi3.so")  # Zig 0.17 links no -bundle; Python takes both
TARGETS = {
    "manylinux": Target("x86_64-linux-gnu.2.17", "linux-x86_64", "manylinux2014_x86_64", tag="manylinux2014_x86_64.manylinux_2_17_x86_64"),
    "musllinux": Target("x86_64-linux-musl", "linux-x86_64", "musllinux_1_1_x86_64", MUSL, "musllinux_1_2_x86_64"),
    "aarch64": Target("aarch64-linux-gnu.2.17", "linux-aarch64", "manylinux2014_aarch64", tag="manylinux2014_aarch64.manylinux_2_17_aarch64"),
    "windows": Target("x86_64-windows-gnu", "win-amd64", "win_amd64"),
    "macos-arm64": Target("aarch64-macos.11.0", "macosx-11.0-arm64", "macosx_11_0_arm64", MACOS),
    "macos-x86_64": Target("x86_64-macos.10.13", "macosx-10.13-x86_64", "macosx_10_13_x86_64", MACOS),
}


def run(*command: object, **options: object) -> None:
    subprocess.run([str(part) for part in command], check=True, **options)


def numpy_headers(target: Target, folder: Path) -> Path:
    """NumPy's headers for a platform. Those of another one would be wrong without a word: they say how long a long is."""
    headers = folder / "numpy/_core/include"
    if not headers.exists():
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", target.numpy,
            "--python-version", "3.12", "--implementation", "cp", "--dest", folder, f"numpy=={NUMPY}")
        with zipfile.ZipFile(next(folder.glob("numpy-*.whl"))) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith("numpy/_core/include/")])
    return headers


def windows_python(folder: Path) -> tuple[Path, Path]:
    """Python's headers and an import library of python3.dll, which holds the stable ABI on Windows."""
    import abi3info

    headers = folder / "include"
    shutil.copytree(sysconfig.get_path("include"), headers, dirs_exist_ok=True)
    shutil.copy(ROOT / "tools/pyconfig_windows.h", headers / "pyconfig.h")
    names = [symbol.name for symbol in abi3info.FUNCTIONS] + [f"{symbol.name} DATA" for symbol in abi3info.DATAS]
    (folder / "python3.def").write_text("LIBRARY python3.dll\nEXPORTS\n" + "".join(f"    {name}\n" for name in sorted(names)))
    library = folder / "libpython3.a"
    run(sys.executable, "-m", "ziglang", "dlltool", "-m", "i386:x86-64", "-d", folder / "python3.def", "-l", library)
    return headers, library


def musl_library(target: Target, folder: Path) -> Path:
    """A library of the name by which musl's C library goes, to be linked in the place of Zig's, whose name, libc.so, is on other systems
    another one's. It is empty: all symbols are found when the extension is loaded, as Python's are."""
    library, source = folder / "libc.musl-x86_64.so.1", folder / "empty.c"
    source.touch()
    run(sys.executable, "-m", "ziglang", "cc", "-target", target.zig, "-shared", "-nostdlib", f"-Wl,-soname,{library.name}",
        source, "-o", library)
    return library


def environment(target: Target, folder: Path) -> dict[str, str]:
    """What setuptools reads to compile with another compiler, for another platform."""
    zig = f"{sys.executable} -m ziglang cc -target {target.zig}"
    includes, libraries = [numpy_headers(target, folder)], []
    if target.python.startswith("win"):
        headers, library = windows_python(folder)
        includes.append(headers)
        libraries.append(library)
    if target.link is MUSL:
        libraries.append(musl_library(target, folder))
    return {
        **os.environ,
        "_PYTHON_HOST_PLATFORM": target.python,
        "CC": zig,
        "CFLAGS": " ".join(["-g0", "-ffile-prefix-map=.=", *(f"-I{path}" for path in includes)]),
        "LDSHARED": " ".join([zig, *target.link]),
        "LDFLAGS": " ".join(map(str, libraries)),
        "SOURCE_DATE_EPOCH": subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True).strip(),
    }


def sources(folder: Path) -> Path:
    """The source distribution, unpacked."""
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def build(name: str) -> Path:
    """The wheel of a target."""
    target, folder = TARGETS[name], WORK / name
    wheels = folder / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    variables = environment(target, folder)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, sources(folder / "source"), env=variables,
        stdout=subprocess.DEVNULL)
    wheel = next(wheels.glob("*.whl"))
    DIST.mkdir(exist_ok=True)
    if target.tag:
        run(sys.executable, "-m", "wheel", "tags", "--remove", "--platform-tag", target.tag, wheel, env=variables,
            stdout=subprocess.DEVNULL)      # which writes the list of files anew, and its date
        wheel = next(wheels.glob("*.whl"))
    return Path(shutil.copy(wheel, DIST))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.cross", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="+", choices=TARGETS)
    for name in parser.parse_args().targets:
        print(build(name).relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
