"""The processor: its name, which of its cores are real, its measured peak and bandwidth."""

import ctypes
import os
import platform
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

PROBE = Path(__file__).with_name("probe.c")
CACHE_DOUBLES = 3_000                # three arrays of 24 kB: in the second cache level
MEMORY_DOUBLES = 12_000_000          # three arrays of 96 MB: in memory


def processor():
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cpus():
    """The processors this process may use, one of each core before its siblings."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count()))

    def rank(cpu):
        path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            siblings = path.read_text().replace("-", ",").split(",")
        except OSError:
            return 0, cpu
        return siblings.index(str(cpu)) if str(cpu) in siblings else 0, cpu

    return sorted(os.sched_getaffinity(0), key=rank)


def measure(threads):
    """GFLOP/s and GB/s by number of threads, a string as in the file of results; None without a C compiler."""
    library = _compile()
    if library is None:
        return None
    rates = {
        "float32": lambda n: _rate(n, lambda: library.peak_float32(100_000)),
        "float64": lambda n: _rate(n, lambda: library.peak_float64(100_000)),
        "cache": lambda n: _stream(library, n, CACHE_DOUBLES, 200),
        "memory": lambda n: _stream(library, n, MEMORY_DOUBLES, 1),
    }
    return {name: {str(n): rate(n) for n in sorted({1, *threads})} for name, rate in rates.items()}


def _compile():
    native = "-mcpu=native" if platform.machine() in ("arm64", "aarch64") else "-march=native"
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "probe.so")
        command = [os.environ.get("CC", "cc"), "-O3", native, "-ffp-contract=fast",
                   "-shared", "-fPIC", str(PROBE), "-o", target]
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            return None
        library = ctypes.CDLL(target)
    for name in ("peak_float32", "peak_float64", "triad"):
        getattr(library, name).restype = ctypes.c_double
    library.peak_float32.argtypes = library.peak_float64.argtypes = [ctypes.c_long]
    library.triad.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long] * 2
    return library


def _stream(library, threads, doubles, repeats):
    def work():
        a, b, c = local.arrays
        return library.triad(a.ctypes.data, b.ctypes.data, c.ctypes.data, doubles, repeats)

    def prepare():
        local.arrays = [np.ones(doubles) for _ in range(3)]

    local = threading.local()
    return _rate(threads, work, prepare)


def _rate(threads, work, prepare=lambda: None, trials=30):
    """The best of some short trials, in 1e9 units a second over all threads.

    Everything else here is a median; a bound is what was reached at best.
    """
    barrier = threading.Barrier(threads)
    rates = np.zeros((trials, threads))

    def thread(index):
        prepare()
        work()
        for trial in range(trials):
            barrier.wait()
            start = time.perf_counter()
            amount = work()
            rates[trial, index] = amount / (time.perf_counter() - start) / 1e9

    pool = [threading.Thread(target=thread, args=(i,)) for i in range(threads)]
    for one in pool:
        one.start()
    for one in pool:
        one.join()
    return float(rates.sum(axis=1).max())


def busy(duration=0.5):
    """The share of all processors that is in use while this process sleeps, or NaN."""
    def idle():
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return fields[3] + fields[4], sum(fields)

    try:
        idle_before, before = idle()
        time.sleep(duration)
        idle_after, after = idle()
    except OSError:
        return float("nan")
    return 1 - (idle_after - idle_before) / (after - before)
