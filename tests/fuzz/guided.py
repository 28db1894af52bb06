"""Calls and files led by coverage: atheris (libFuzzer) sees which branches of pynn's Python were reached, and tries what is near.

Branches in C are not told apart.
"""

import contextlib
import importlib
import pkgutil
import sys
from types import FunctionType

from fuzz.calls import TooLong

WATCHED = ("pynn.io", "pynn.datasets", "pynn.training", "pynn.networks", "pynn.cli")


def lead(one, names, seconds):
    """Run for so long; libFuzzer ends the process itself, not well if something was not as promised."""
    import atheris
    for package in WATCHED:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            _watch(atheris, importlib.import_module(module.name))

    def test_one_input(data):
        provider = atheris.FuzzedDataProvider(data)
        choose = lambda n: provider.ConsumeIntInRange(0, n - 1)
        with contextlib.suppress(TooLong):
            one(names, choose(len(names)), choose)

    # libFuzzer's own timer would ring every half minute, whatever is under way, and the handler of a call's take it for the call's
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-len_control=0", "-print_final_stats=1",
                   "-rss_limit_mb=0", "-timeout=0", "-artifact_prefix=/dev/null"], test_one_input)
    atheris.Fuzz()


def _watch(atheris, module):
    """Have the functions of a module, and the methods of its classes, tell where they have been."""
    own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    methods = [method for value in own if isinstance(value, type) for method in vars(value).values()]
    for function in own + methods:
        if isinstance(function, FunctionType):
            atheris.instrument_func(function)
