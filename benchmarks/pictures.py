"""The pictures of the report: rooflines, bars and scaling curves."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from .report import NAMES

COLOURS = {"pynn": "#c1272d", "numpy": "#4477aa", "torch": "#ee9944", "jax": "#449966",
           "jax scan": "#99ccaa", "earlier": "#e39a9a", "one thread": "#777777", "torch channels_last": "#ffcc88"}
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
         "axes.titlesize": 10, "legend.frameon": False, "savefig.bbox": "tight"}


def draw(folder, facts, results):
    """Draw what was measured; return a dict from group to the file's name."""
    files = {}
    with plt.rc_context(STYLE):
        for name, (picture, group) in PICTURES.items():
            rows = results.where(group=group)
            if rows and (name != "roofline" or facts["roofs"]):
                figure = picture(rows, facts, results)
                files[name] = f"{name}.png"
                figure.savefig(Path(folder, files[name]), dpi=110)
                plt.close(figure)
    return files


def name(peer):
    return NAMES.get(peer, peer)


def roofline(rows, facts, results):
    """GFLOP/s against arithmetic intensity on one thread, under what the machine can do."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for panel, dtype in zip(panels, ("float32", "float64")):
        roofs = {key: facts["roofs"][key]["1"] for key in (dtype, "memory", "cache")}
        intensity = np.geomspace(0.1, 1000)
        for place, style in ("memory", "-"), ("cache", "--"):
            roof = np.minimum(roofs[dtype], intensity * roofs[place])
            panel.loglog(intensity, roof, "k", ls=style, lw=1,
                         label=f"{place}, {roofs[place]:.0f} GB/s")
        panel.text(900, roofs[dtype] * 1.06, f"peak {roofs[dtype]:.0f} GFLOP/s", ha="right")
        for peer in ("numpy", "pynn"):
            products = rows.where(dtype=dtype, threads=1, peer=peer)
            panel.loglog([row["flops"] / row["bytes"] for row in products],
                         [row["flops"] / row["seconds"] / 1e9 for row in products], "o", ms=3,
                         alpha=0.6, color=COLOURS[peer], label=name(peer))
        panel.set(title=f"matrix products of the book, {dtype}, one thread",
                  xlabel="floating-point operations per byte", ylim=(0.5, None))
    panels[0].set_ylabel("GFLOP/s")
    panels[0].legend(loc="lower right")
    return figure


def gemm(rows, facts, results):
    """Every shape's ratio to NumPy, sorted."""
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for dtype, colour in ("float32", "#c1272d"), ("float64", "#4477aa"):
        for threads in rows.values("threads"):
            ratios = sorted(rows.ratios(dtype=dtype, threads=threads))
            axes.semilogy(np.linspace(0, 100, len(ratios)), ratios, color=colour,
                          ls="-" if threads == 1 else "--", label=f"{dtype}, threads: {threads}")
    axes.axhline(1, color="grey", lw=0.8)
    axes.set(xlabel="per cent of the book's shapes", ylabel="times as fast as NumPy",
             yticks=[0.5, 1, 2, 5, 10], yticklabels=["0.5", "1", "2", "5", "10"])
    axes.minorticks_off()
    axes.legend()
    return figure


def bars(axes, cases, peers, key="seconds", scale=1e6):
    """Groups of horizontal bars, one group for each (label, peer -> record)."""
    height = 0.8 / len(peers)
    for i, peer in enumerate(peers):
        places = [y + i * height for y, (_, case) in enumerate(cases) if peer in case]
        values = [scale * case[peer][key] for _, case in cases if peer in case]
        drawn = axes.barh(places, values, height, color=COLOURS[peer], label=name(peer))
        axes.bar_label(drawn, [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values], padding=2, fontsize=7)
    axes.set_yticks([y + 0.4 - height / 2 for y in range(len(cases))], [label for label, _ in cases])
    axes.invert_yaxis()
    axes.margins(x=0.1)         # for the longest bar's number


def legend_above(figure, columns):
    """Name the peers of all panels above them, where no bar can reach."""
    named = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=columns)


def steps(rows, facts, results):
    """Time of a training step of each network, pynn beside its peers."""
    networks = rows.values("name")
    pairs = [networks[i:i + 2] for i in range(0, len(networks), 2)]
    heights = [0.8 + 0.14 * max(len(rows.where(name=network)) for network in pair) for pair in pairs]      # inches: each bar has its number
    figure, panels = plt.subplots(len(heights), 2, squeeze=False, layout="constrained", figsize=(9, 0.6 + sum(heights)),
                                  height_ratios=heights)
    for panel in panels.flat[len(networks):]:
        panel.axis("off")
    for panel, network in zip(panels.flat, networks):
        chosen = rows.where(name=network)
        cases = [(f"{(first := next(iter(case.values())))['dtype']}\nthreads: {first['threads']}", case)
                 for case in chosen.cases()]
        fast = max(row["seconds"] for row in chosen) < 0.01
        bars(panel, cases, chosen.values("peer"), scale=1e6 if fast else 1e3)
        panel.set(title=network, xlabel="microseconds a step" if fast else "milliseconds a step")
    legend_above(figure, 4)
    return figure


def elementwise(rows, facts, results):
    """How many times as fast as NumPy, within the cache and beyond it."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
    names = rows.values("name")
    for panel, (place, title) in zip(panels, (("cache", "within the cache"),
                                              ("memory", "beyond the cache"))):
        for i, (dtype, colour) in enumerate((("float32", "#c1272d"), ("float64", "#4477aa"))):
            ratios = [rows.get("ratio", name=operation, place=place, dtype=dtype, threads=1,
                               peer="numpy") or np.nan for operation in names]
            drawn = panel.barh(np.arange(len(names)) + 0.4 * i, ratios, 0.4, color=colour, label=dtype)
            panel.bar_label(drawn, fmt="%.1f", padding=2, fontsize=7)
        panel.axvline(1, color="grey", lw=0.8)
        panel.set(title=f"{title}, one thread", xlabel="times as fast as NumPy")
    panels[0].set_yticks(np.arange(len(names)) + 0.2, names)
    panels[0].invert_yaxis()
    panels[0].legend(loc="lower right")
    return figure


def busy(rows, facts, results):
    """Medians of single steps while a busy loop holds a core."""
    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    cases = [(f"{(first := next(iter(case.values())))['name']}\nthreads: {first['threads']}", case)
             for case in rows.cases()]
    bars(axes, cases, rows.values("peer"))
    seconds = [row["seconds"] for row in rows]
    axes.set(xscale="log" if max(seconds) > 20 * min(seconds) else "linear",    # a pool that collapsed
             xlabel="microseconds a step of TwoLayerNet (median)")
    legend_above(figure, 4)
    return figure


def scaling(rows, facts, results):
    """The step's time against batch and width, its speed against threads."""
    figure, panels = plt.subplots(1, 3, figsize=(9.5, 3.2), layout="constrained")
    for panel, (axis, field) in zip(panels, (("batch", "size"), ("width", "hidden"),
                                             ("threads", "threads"))):
        chosen = rows.where(axis=axis)
        for peer in chosen.values("peer"):
            line = chosen.where(peer=peer)
            panel.loglog([row[field] for row in line],
                         [row["flops"] / row["seconds"] / 1e9 for row in line], "o-", ms=3,
                         color=COLOURS[peer], label=name(peer))
        if facts["roofs"] and axis != "threads":
            panel.axhline(facts["roofs"]["float32"]["1"], color="k", lw=0.8, ls="--", label="peak")
        panel.set(xlabel={"batch": "batch", "width": "hidden units, batch 100",
                          "threads": "threads, batch 1000, 200 hidden units"}[axis])
    counts = rows.where(axis="threads").values("threads")
    panels[2].set(xscale="linear", yscale="linear", ylim=(0, None), xticks=counts)
    panels[0].set_ylabel("GFLOP/s of a step, float32")
    panels[0].legend(fontsize=8)
    return figure


def pool(rows, facts, results):
    """How many times one thread's speed the pool's model foresees, and what was measured."""
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    model = rows.where(peer="model")
    counts = model.values("threads")
    axes.plot(counts, counts, color="grey", lw=0.8, ls="--")
    for network, colour in zip(model.values("name"), ("#c1272d", "#4477aa", "#ee9944", "#449966")):
        line, measured = (rows.where(peer=peer, name=network) for peer in ("model", "pynn"))
        axes.plot(counts, [line[0]["seconds"] / row["seconds"] for row in line], "-", color=colour, label=network)
        axes.plot([row["threads"] for row in measured], [measured[0]["seconds"] / row["seconds"] for row in measured], "o",
                  color=colour, ms=5)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set(xlabel="threads, each with a core (dots: measured; lines: the model)", ylabel="times one thread", xticks=counts,
             xticklabels=counts, yticks=counts[:5], yticklabels=counts[:5], ylim=(0.7, 40))
    axes.legend(loc="upper left")
    return figure


PICTURES = {"steps": (steps, "steps"), "gemm": (gemm, "gemm"), "roofline": (roofline, "gemm"),
            "elementwise": (elementwise, "elementwise"), "busy": (busy, "busy"),
            "scaling": (scaling, "scaling"), "pool": (pool, "pool")}
