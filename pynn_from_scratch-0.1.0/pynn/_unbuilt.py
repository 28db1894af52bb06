"""What to say when the extension cannot be imported."""

import sys
from pathlib import Path


def explain(error):
    """Why ``import pynn._core`` failed, and what to do."""
    folder = Path(__file__).parent
    if not [path for path in folder.glob("_core*") if path.suffix != ".pyi"]:
        return (f"pynn is not built: {folder} has the sources but no compiled extension. Run `make train` or "
                f"`pip install {folder.parent}` there, or leave that folder if you have installed pynn elsewhere")
    if "PYNN_CPU" in str(error):
        return str(error)
    if "subinterpreters" in str(error):
        return "pynn works in Python's main interpreter alone, as NumPy does; in place of subinterpreters use threads or processes"
    version = ".".join(map(str, sys.version_info[:2]))
    return (f"pynn's extension does not fit this Python {version} ({error}). Run `make train` or `pip install .` again with the "
            "Python that you use")
