"""``pynn run``: run one of the book's scripts, or a notebook, on pynn."""

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType


def add_parser(commands):
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "run", help="run one of the book's scripts on pynn",
        description="Run a script or a notebook with pynn in the place of the book's common.* and dataset.mnist; "
                    "what the reader has changed or added there stays as it is.")
    parser.set_defaults(run=run)
    parser.add_argument("script", type=Path, metavar="SCRIPT", help="a .py or .ipynb file")
    parser.add_argument("args", nargs=argparse.REMAINDER, metavar="...", help="the script's own arguments")


def run(args):
    """Run it and return 0, 1 if it raised an exception, 2 if it cannot be read."""
    try:
        source = args.script.read_bytes()
    except OSError as error:
        print(f"pynn: cannot read the script: {args.script}: {error.strerror}", file=sys.stderr)
        return 2
    from pynn.book import install
    install()
    path = args.script.absolute()
    sys.argv = [str(args.script), *args.args]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = str(path.resolve().parent)
    if path.suffix == ".ipynb":
        from pynn.cli.notebook import run_notebook
        os.chdir(path.parent)
        return run_notebook(source, args.script)
    return run_script(source, path)


def run_script(source, path):
    """Run the text of a script as ``python path`` would, and return 1 if it raised an exception, else 0."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(main))
    except Exception as error:
        # as Python shows it, without the frame of this function
        error = error.with_traceback(error.__traceback__.tb_next)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0
