"""The libraries that are imported when they are needed, and what is said when one is missing."""

from importlib import import_module


def library(name, caller, extra):
    """The module `name`; a missing one is named with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'{caller}: {name.partition(".")[0]} is not installed or does not load ({error}): '
                          f'pip install "pynn-from-scratch[{extra}]"') from error
