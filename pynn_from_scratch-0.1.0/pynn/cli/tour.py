"""``pynn tour``: from three loops to the fast matrix product, timed on this machine."""

from pathlib import Path

from pynn.cli.options import number


def add_parser(commands):
    """Add the command and its options."""
    parser = commands.add_parser(
        "tour", help="climb from three loops to the fast matrix product, timed here",
        description="Time the matrix product in seven steps (loop order, blocking, registers, vectors, packing, threads), each a "
                    "small C function that can be read in csrc/kernels/tour_tmpl.h, beside pynn's own, NumPy's and the processor's peak.")
    parser.set_defaults(run=run)
    parser.add_argument("--size", type=number(int, 1, 4096), default=1024, metavar="N", help="of the square matrices (default: %(default)s)")
    parser.add_argument("--threads", type=number(int, 1, 128), metavar="N", help="(default: those in use)")
    parser.add_argument("--output", type=Path, metavar="PNG", help="draw the staircase there")


def run(args):
    """Print the table, and draw it if asked."""
    from pynn.tour import tour
    result = tour(args.size, args.threads)
    print(result)
    if args.output:
        from matplotlib.figure import Figure
        figure = Figure(figsize=(8, 4), layout="constrained")
        result.plot(figure.subplots()).figure.savefig(args.output, dpi=120)
        print(f"drawn: {args.output.resolve()}")
    return 0
