"""The command ``pynn``, or ``python -m pynn``: train a network, show it pictures, run and check the book's scripts, say what this build is.

Each command is a module of this package: `add_parser` says what it takes, `run` does it and returns the exit status.
"""

import argparse
import os
import sys

from pynn.cli import check, info, predict, run, tour, train


def _parser():
    parser = argparse.ArgumentParser(
        prog="pynn" if os.path.basename(sys.argv[0]).startswith("pynn") else "python -m pynn",
        description="The networks of Deep Learning from Scratch, on C kernels.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (train, predict, run, check, tour, info):
        command.add_parser(commands)
    return parser


def main(argv=None):
    """Run a command and return its exit status: 0, 1 for an error, 2 for wrong usage, 130 after Ctrl-C."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except OSError as error:
        print(f"pynn: {in_words(error)}", file=sys.stderr)
        return 1
    except (ImportError, ValueError, MemoryError) as error:
        print(f"pynn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def in_words(error):
    """An error of the system without its number: ``absent.png: No such file or directory``."""
    if error.strerror is None:
        return error
    return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
