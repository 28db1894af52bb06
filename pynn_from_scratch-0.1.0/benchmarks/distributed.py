"""How far training on many machines scales: a model of a step on MPI ranks, from what is measured on this one.

``mpiexec -n 2 python -m benchmarks.distributed`` measures, writes ``distributed.json`` and then does what
``python -m benchmarks.distributed`` does with it: print the tables of docs/distributed.md and draw its figure.
"""

import json
import math
import time
from pathlib import Path

import numpy as np

import pynn

HERE = Path(__file__).parent
FIGURE = HERE.parent / "docs" / "images" / "distributed.png"
NETWORKS = {"TwoLayerNet": (784,), "MultiLayerNet": (784,), "MultiLayerNetExtend": (784,), "SimpleConvNet": (1, 28, 28),
            "DeepConvNet": (1, 28, 28)}
SHARES = [1, 4, 16, 50, 100, 256, 1024]         # samples of a rank
STRONG = 1024                                   # samples of a batch that is divided
WEAK = 100                                      # samples of each rank
RANKS = [2 ** k for k in range(9)]
# seconds until a message arrives, and bytes a second: TCP on Ethernet twice, then a network that does without the kernel
LINKS = {"1 Gb/s": (50e-6, 1e9 / 8), "10 Gb/s": (20e-6, 1e10 / 8), "100 Gb/s": (2e-6, 1e11 / 8)}


# ---- the model ----

def allreduce(size, ranks, link):
    """Seconds for the sum of so many bytes over the ranks.

    The better of two ways (Thakur, Rabenseifner, Gropp, 2005, section 4.4): all of it in log2(ranks) rounds, or parts of it in twice as many.
    """
    latency, bandwidth = link
    rounds = math.ceil(math.log2(ranks))
    whole = rounds * (latency + size / bandwidth)
    in_parts = 2 * rounds * latency + 2 * (1 - 1 / ranks) * size / bandwidth
    return min(whole, in_parts)


def computing(network, share, ranks):
    """Seconds in which a rank computes its share of a step; dropout draws for the whole batch."""
    return (np.interp(share, network["shares"], network["seconds"])
            + (ranks - 1) * share * network["draws"] * network["seconds_of_a_draw"])


def communicating(network, ranks, link):
    """Seconds for the gradients, for the sums of batch normalization, and for agreeing to go on."""
    return sum(allreduce(size, ranks, link) for size in (network["bytes"], *network["sums"], 4))


def gain(network, batch, ranks, link, weak):
    """How many times as many samples a second the ranks train on as one does."""
    share = batch if weak else batch / ranks
    seconds = computing(network, share, ranks) + communicating(network, ranks, link)
    return share * ranks / seconds * computing(network, batch, 1) / batch


def crossing(network, batch, link, weak):
    """The first number of ranks whose communication takes longer than their computing; None up to the last of `RANKS`."""
    for ranks in range(2, RANKS[-1] + 1):
        if communicating(network, ranks, link) > computing(network, batch if weak else batch / ranks, ranks):
            return ranks
    return None


# ---- what it is made of ----

def build(name):
    np.random.seed(0)
    if name == "MultiLayerNetExtend":
        return pynn.MultiLayerNetExtend(784, [100] * 4, 10, use_batchnorm=True, dtype=np.float32)
    sizes = {"TwoLayerNet": (784, 50, 10), "MultiLayerNet": (784, [100] * 4, 10)}
    return getattr(pynn, name)(*sizes.get(name, ()), dtype=np.float32)


def samples(name, count):
    return np.random.rand(count, *NETWORKS[name]).astype(np.float32), np.random.randint(0, 10, count)


def facts_of(name):
    """A network's step on one thread, by processor time: others may use the machine as well."""
    network, optimizer, seconds = build(name), pynn.SGD(), []
    for share in SHARES:
        x, t = samples(name, share)
        seconds.append(fastest(lambda: optimizer.update(network.params, network.gradient(x, t)), time.process_time))
    layers = list(network.layers.values())
    return {"shares": SHARES, "seconds": seconds, "bytes": 4 * sum(param.size for param in network.params.values()),
            "sums": [size for layer in layers if isinstance(layer, pynn.BatchNormalization) for size in 3 * [8 * layer.gamma.size]],
            "draws": sum(layer.mask[0].size for layer in layers if isinstance(layer, pynn.Dropout)),
            "seconds_of_a_draw": fastest(lambda: np.random.rand(10_000), time.process_time) / 10_000}


def fastest(function, clock, at_least=2e-4, total=0.5):
    """The shortest of the rounds of half a second, in each of which the function is called as often as makes the clock's steps small."""
    function()
    start = clock()
    function()
    count = max(1, math.ceil(at_least / max(clock() - start, 1e-7)))
    times = []
    while sum(times) * count < total:
        start = clock()
        for _ in range(count):
            function()
        times.append((clock() - start) / count)
    return min(times)


def measure(comm):
    """The facts of every network, the sum of some sizes on this machine, and the steps of a Trainer on one rank and on all."""
    pynn.set_num_threads(1)
    facts = {name: facts_of(name) if comm.Get_rank() == 0 else None for name in NETWORKS}
    comm.Barrier()
    sums = {}
    for size in (1, 256, 4096, 40_000, 300_000):
        sent = np.ones(size, np.float32)
        received = np.empty_like(sent)
        sums[4 * size] = fastest_of_all(lambda: comm.Allreduce(sent, received))
    steps = {name: [stepping(name, None), stepping(name, comm)] for name in NETWORKS}
    return {"networks": facts, "ranks": comm.Get_size(), "sums": sums, "steps": steps, "batch": 100}


def fastest_of_all(function, rounds=2000):
    """The shortest of many calls one by one, as another process may take the processor between two of them."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def stepping(name, comm):
    x, t = samples(name, 1000)
    trainer = pynn.Trainer(build(name), x, t, mini_batch_size=100, verbose=False, loss_after_update=False, comm=comm,
                           evaluate_sample_num_per_epoch=1)

    def step():
        trainer.ranks.any(trainer.stop)
        trainer.train_step()
    return fastest_of_all(step, 100 if "Conv" in name else 1000)


# ---- what it says ----

def tables(measured):
    """Lines of text: the model beside the measurement, and where communication passes computing."""
    sums = {int(size): seconds for size, seconds in measured["sums"].items()}
    small, large = min(sums), max(sums)
    loopback = sums[small], (large - small) / (sums[large] - sums[small])
    yield f"sum over {measured['ranks']} ranks here: {1e6 * loopback[0]:.1f} us and {loopback[1] / 1e9:.1f} GB/s"
    yield "network, bytes, one rank measured, ranks measured, ranks by the model (us)"
    for name, network in measured["networks"].items():
        one, many = measured["steps"][name]
        ranks, batch = measured["ranks"], measured["batch"]
        around = one - computing(network, batch, 1)         # what the Trainer does beside the step
        model = around + computing(network, batch / ranks, ranks) + communicating(network, ranks, loopback)
        yield f"{name:<20} {network['bytes']:>9,} {1e6 * one:>9.0f} {1e6 * many:>9.0f} {1e6 * model:>9.0f}"
    for weak, batch in (False, STRONG), (True, WEAK):
        words = f"weak, {batch} samples a rank" if weak else f"strong, {batch} samples in all"
        yield f"{words}: the ranks from which communication is longer, and the gain at {RANKS[-1]}, by {', '.join(LINKS)}"
        for name, network in measured["networks"].items():
            cells = [f"{crossing(network, batch, link, weak) or 'none':>5} {gain(network, batch, RANKS[-1], link, weak):>6.1f}"
                     for link in LINKS.values()]
            yield f"{name:<20} " + "   ".join(cells)


def draw(measured):
    """Gains over ranks: a column for every network, strong scaling above weak."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, panels = plt.subplots(2, len(NETWORKS), figsize=(14, 6), sharex=True, sharey=True, layout="constrained")
    for row, (weak, batch) in zip(panels, ((False, STRONG), (True, WEAK))):
        for panel, (name, network) in zip(row, measured["networks"].items()):
            panel.loglog(RANKS, RANKS, "k:", lw=1, base=2)
            for colour, (words, link) in zip(("#c1272d", "#ee9944", "#4477aa"), LINKS.items()):
                panel.loglog(RANKS, [gain(network, batch, ranks, link, weak) if ranks > 1 else 1 for ranks in RANKS], "o-", ms=3, lw=1.5,
                             base=2, color=colour, label=words)
                ranks = crossing(network, batch, link, weak)
                if ranks:
                    panel.plot(ranks, gain(network, batch, ranks, link, weak), "x", ms=9, mew=2, color=colour)
            panel.set_title(f"{name}\n{f'{batch} samples a rank' if weak else f'{batch} samples in all'}", fontsize=10)
            panel.set_xticks(RANKS[::2], RANKS[::2])
            panel.set_yticks(RANKS[::2], RANKS[::2])
            panel.set_ylim(0.05, 320)
            panel.grid(alpha=0.3)
    figure.supylabel("samples a second, times those of one rank", fontsize=10)
    for panel in panels[1]:
        panel.set_xlabel("ranks")
    panels[0][0].legend(frameon=False)
    figure.savefig(FIGURE, dpi=110)


def main():
    file, comm = HERE / "distributed.json", world()
    if comm is not None and comm.Get_size() > 1:
        measured = measure(comm)
        if comm.Get_rank():
            return
        file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    measured = json.loads(file.read_text(encoding="utf-8"))
    print("\n".join(tables(measured)))
    draw(measured)


def world():
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError):
        return None
    return MPI.COMM_WORLD


if __name__ == "__main__":
    main()
