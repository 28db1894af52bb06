"""What this build is and what it runs on."""

import platform

import numpy as np

import pynn._core as _core
from pynn._version import __version__

__all__ = ["show_config"]


def show_config() -> None:
    """Print what a report should quote: pynn's version, compiler, instruction sets, threads, and NumPy's version."""
    info = _core.build_info()
    others = [isa if available else f"{isa} (not on this processor)" for isa, available in info["isas"].items()]
    print(f"pynn      {__version__}")
    print(f"compiler  {info['compiler']}")
    print(f"kernels   {info['isa']}, of {', '.join(others)}")
    print(f"threads   {_core.get_num_threads()}")
    print(f"NumPy     {np.__version__}")
    print(f"Python    {platform.python_version()}, {platform.system()} {platform.machine()}")
