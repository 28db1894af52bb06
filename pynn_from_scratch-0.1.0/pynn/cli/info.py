"""``pynn info``: what this build is."""


def add_parser(commands):
    """Add the command."""
    info = commands.add_parser("info", help="print version, compiler, instruction sets, threads and NumPy")
    info.set_defaults(run=run)


def run(args):
    """Print it."""
    from pynn.config import show_config
    show_config()
    return 0
