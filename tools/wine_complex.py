"""Three functions of C that NumPy's complex numbers need and Wine 8 lacks: it ends the process that calls them.

Python reads this as its sitecustomize, before anything else. It writes the functions over what Wine has in their place in ucrtbase, in
the memory of this process alone. A complex number of two floats comes in rcx, one of two doubles where rcx points to.
"""

import ctypes

FUNCTIONS = {
    "crealf": "66 0f 6e c1  c3",               # movd xmm0, ecx
    "cimagf": "48 c1 e9 20  66 0f 6e c1  c3",  # shr rcx, 32; movd xmm0, ecx
    "cimag": "f2 0f 10 41 08  c3",             # movsd xmm0, [rcx + 8]
}
WRITABLE = 0x40  # PAGE_EXECUTE_READWRITE

library = ctypes.CDLL("ucrtbase")
for name, text in FUNCTIONS.items():
    code, address = bytes.fromhex(text), ctypes.cast(library[name], ctypes.c_void_p)
    ctypes.windll.kernel32.VirtualProtect(address, len(code), WRITABLE, ctypes.byref(ctypes.c_ulong()))
    ctypes.memmove(address, code, len(code))
