"""Both libraries held to AVX2: what the better instruction set of a newer processor hides."""

import platform

from . import gemm

ENVIRONMENT = {"pynn": {"PYNN_CPU": "avx2"}, "numpy": {"OPENBLAS_CORETYPE": "Haswell"}}


def measure(bench):
    if platform.machine().lower() not in ("x86_64", "amd64"):
        bench.missing["avx2: this processor is another architecture"] = None
        return
    for dtype in ("float32", "float64"):
        for case in gemm.cases(dtype, [100]):
            for row in bench.compare("gemm", case, ["pynn", "numpy"], 1, ENVIRONMENT, gemm.BUDGET):
                yield row | {"group": "avx2"}
