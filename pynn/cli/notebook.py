"""Notebooks under ``pynn run``: the code cells in their order, in IPython where it is installed."""

import ast
import json
import sys
from types import ModuleType


def run_notebook(source, path):
    """Run the code cells of a notebook up to the first that raises an exception.

    Parameters
    ----------
    source : bytes
        The file.
    path : pathlib.Path
        Its name, for messages.

    Returns
    -------
    int
        1 if a cell raised an exception, 2 if the file is no notebook, else 0.
    """
    try:
        cells = ["".join(cell["source"]) for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        print(f"pynn: {path} is not a notebook of format 4: it must be JSON with a list of cells", file=sys.stderr)
        return 2
    shell = _ipython()
    if shell is None:
        return _run_plainly(cells)
    return 0 if all(shell.run_cell(cell, store_history=True).success for cell in cells) else 1


def _ipython():
    """A shell that keeps its history to itself, or None if IPython is not installed."""
    try:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config
    except ImportError:
        return None

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            """For `%matplotlib`, which asks for windows: there are none."""

    colors = "neutral" if sys.stdout.isatty() else "nocolor"
    return Shell.instance(config=Config(HistoryManager={"enabled": False}, InteractiveShell={"colors": colors}))


def _run_plainly(cells):
    main = sys.modules["__main__"] = ModuleType("__main__")
    for number, cell in enumerate(cells, 1):
        lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!"))]
        if len(lines) < len(cell.splitlines()):
            print(f"pynn: cell {number}: lines that begin with % or ! are for IPython and were left out; pip install ipython "
                  "to have them run", file=sys.stderr)
        try:
            _run_cell("\n".join(lines), f"cell {number}", vars(main))
        except Exception as error:
            # as Python shows it, without the frames of these functions
            error = error.with_traceback(error.__traceback__.tb_next.tb_next)
            sys.excepthook(type(error), error, error.__traceback__)
            return 1
    return 0


def _run_cell(text, name, names):
    """Run a cell and show the value of an expression at its end."""
    body = ast.parse(text, name).body
    last = [body.pop()] if body and isinstance(body[-1], ast.Expr) and not text.rstrip().endswith(";") else []
    exec(compile(ast.Module(body, []), name, "exec"), names)
    exec(compile(ast.Interactive(last), name, "single"), names)
