"""How the processor rounds: read and set through the C library, which keeps MXCSR last in what fegetenv gives."""

import contextlib
import ctypes
import platform
import sys

FLUSH, ZERO = 0x8000, 0x40      # subnormal results, and operands, count as 0
DOWN, UP, TOWARDS_ZERO = 0x2000, 0x4000, 0x6000
CONTROL = 0xFFC0                # all but the flags of what has happened

available = sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
if available:
    _libm = ctypes.CDLL("libm.so.6")


def _read():
    env = (ctypes.c_uint32 * 8)()
    assert _libm.fegetenv(env) == 0
    return env


def current():
    """The bits of MXCSR that say how to compute."""
    return _read()[7] & CONTROL


@contextlib.contextmanager
def computing(bits):
    """With these of them set: keep the block short, Python computes that way, too."""
    before, changed = _read(), _read()
    changed[7] |= bits
    assert _libm.fesetenv(changed) == 0
    try:
        yield
    finally:
        _libm.fesetenv(before)
