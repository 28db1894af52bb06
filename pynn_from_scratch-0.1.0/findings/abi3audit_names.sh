#!/usr/bin/env bash
# abi3audit 0.0.26, check-wheel-contents 0.6.3, ziglang 0.17.1
# Guess: abi3audit --strict refuses a wheel tagged cp310-abi3 whose extension only one CPython can load.
# Seen:  "1 extensions scanned; 0 ABI version mismatches and 0 ABI violations found" for one that is named
#        tiny.cpython-311-x86_64-linux-gnu.so, which no other CPython finds, and for a .pyd that takes its functions
#        from python311.dll in place of python3.dll, which no other CPython brings. It looks at the names of the
#        functions alone. check-wheel-contents says OK to both.
# So:    look at the name of the extension, and at the DLL that it asks for, yourself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile abi3audit==0.0.26 check-wheel-contents==0.6.3 ziglang==0.17.1
cat > tiny.c <<'C'
#if defined(_WIN32)
#define IMPORTED __declspec(dllimport)
#define EXPORTED __declspec(dllexport)
int DllMainCRTStartup(void *library, unsigned reason, void *reserved) { return 1; }
#else
#define IMPORTED
#define EXPORTED
#endif
IMPORTED void *PyModule_Create2(void *, int);
static struct { long long head[5]; const char *name; void *rest[8]; } definition = {{1}, "tiny", {0}};
EXPORTED void *PyInit_tiny(void) { return PyModule_Create2(&definition, 3); }
C
printf 'LIBRARY python311.dll\nEXPORTS\nPyModule_Create2\n' > python311.def
export ZIG_GLOBAL_CACHE_DIR="$folder/cache"
zig="venv/bin/python -m ziglang"
$zig cc -target x86_64-linux-gnu -shared -nostdlib tiny.c -o tiny.cpython-311-x86_64-linux-gnu.so
$zig dlltool -m i386:x86-64 -d python311.def -l libpython311.a
$zig cc -target x86_64-windows-gnu -shared -nostdlib tiny.c libpython311.a -o tiny.pyd
venv/bin/python - <<'PYTHON'
import re
import subprocess
import sys
import zipfile
from pathlib import Path


def check(what, seen, described):
    print(f"{what}: {seen}")
    if repr(seen) != repr(described):
        sys.exit(f"changed: {what} was {described}")


def wheel(extension, platform):
    """A wheel that claims the stable ABI of CPython 3.10."""
    name, info = f"tiny-1.0-cp310-abi3-{platform}.whl", "tiny-1.0.dist-info"
    files = {
        extension: Path(extension).read_bytes(),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp310-abi3-{platform}\n".encode(),
    }
    with zipfile.ZipFile(name, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD")))
    return name


def said(*command):
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    words = re.sub(r"\s+", " ", done.stdout + done.stderr)
    return done.returncode, re.search(r"\d+ extensions scanned; .* found|OK|Traceback.*|\w+Error.*|$", words)[0]


passed = (0, "1 extensions scanned; 0 ABI version mismatches and 0 ABI violations found")
for extension, platform in ("tiny.cpython-311-x86_64-linux-gnu.so", "linux_x86_64"), ("tiny.pyd", "win_amd64"):
    name = wheel(extension, platform)
    check(f"abi3audit, {extension}", said("abi3audit", "--strict", "--verbose", name), passed)
    check(f"check-wheel-contents, {extension}", said("check_wheel_contents", name), (0, "OK"))
check("the DLL that tiny.pyd asks for", re.findall(rb"python3\d*\.dll", Path("tiny.pyd").read_bytes()), [b"python311.dll"])
print("as described")
PYTHON
