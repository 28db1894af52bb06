"""The report in Markdown."""

from pathlib import Path

from .bounds import bound
from .results import geometric_mean
from .targets import targets
from .words import in_words

NAMES = {"numpy": "NumPy", "torch": "PyTorch", "torch channels_last": "PyTorch channels_last", "jax": "JAX jit",
         "jax scan": "JAX scan", "sklearn": "scikit-learn", "keras": "Keras", "earlier": "earlier commit"}


def write(folder, facts, results, pictures):
    """Write REPORT.md into `folder`; `pictures` maps a group to its file's name."""
    sections = [head(facts), promises(results, facts["roofs"])]
    for group, section in SECTIONS.items():
        rows = results.where(group=group)
        if rows:
            picture = [f"![{group}]({pictures[group]})\n"] if group in pictures else []
            sections += [f"## {section.__doc__.splitlines()[0]}\n", *picture, section(rows, facts)]
    path = Path(folder, "REPORT.md")
    path.write_text("\n".join(sections))
    return path


def head(facts):
    roofs = facts["roofs"]
    lines = ["# Benchmarks of pynn\n", f"`make bench`, {facts['date']}, commit {facts['commit']}"
             f"{', quick' if facts['quick'] else ''}, {facts['seconds'] / 60:.1f} minutes; "
             f"the earlier commit is {facts['against']}.\n",
             f"- Processor: {facts['processor']}, {facts['cpus']} cores; "
             f"{facts['others']:.0%} of them in use by other processes before the run"]
    if roofs:
        for n in roofs["float32"]:
            lines.append(f"- Measured bounds, {in_words(int(n))}: {roofs['float32'][n]:.0f} GFLOP/s "
                         f"float32, {roofs['float64'][n]:.0f} float64; {roofs['memory'][n]:.1f} GB/s "
                         f"from memory, {roofs['cache'][n]:.0f} from the second cache level")
        most = list(roofs["float32"])[-1]
        gain = roofs["float32"][most] / roofs["float32"]["1"]
        lines.append(f"- Arithmetic of {most} threads over that of one: {gain:.2f}"
                     f"{' (two processors may share a core)' if gain < 0.8 * int(most) else ''}")
    else:
        lines.append("- The processor's peak and bandwidth were not measured: no C compiler.")
    lines += [f"- {NAMES.get(peer, peer)}: {words}" for peer, words in facts["peers"].items()]
    lines += [f"- Not run: {reason}" for reason in facts["missing"]]
    lines.append("""
Every contestant is a process of its own; they take turns, and whoever waits is stopped. Times
are medians; a ratio says how many times as fast pynn was, the median over the rounds, with its
quartiles in brackets. Each result was compared with NumPy's in float64 before it was timed.
"NumPy" in anything above a matrix product is the book's code, in the precision named throughout.
""")
    return "\n".join(lines)


def promises(results, roofs):
    found = list(targets(results, roofs))
    rows = [(promise, measured, {True: "yes", False: "**no**", None: ""}[kept]) for promise, measured, kept in found]
    missed = [(promise, bound(promise)) for promise, _, kept in found if kept is False]
    return ("## Targets\n\n" + table(["target", "measured", "met"], rows)
            + "\n## What bounds those that were missed, and what was tried\n\n" + table(["target", "bound"], together(missed)))


def together(missed):
    """Targets with the same bound in one line."""
    lines = {}
    for promise, words in missed:
        lines.setdefault(words, []).append(promise)
    return [("<br>".join(promises), words) for words, promises in lines.items()]


def table(titles, rows):
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def duration(seconds):
    for factor, unit in (1, "s"), (1e3, "ms"), (1e6, "us"):
        if seconds * factor >= 0.9995:      # 999.7 us would round to 1e+03
            break
    return f"{seconds * factor:.3g} {unit}"


def against(row):
    """A peer's time and how many times as fast pynn was."""
    if row is None:
        return ""
    if "ratio" not in row:
        return duration(row["seconds"])
    return (f"{duration(row['seconds'])}, **{row['ratio']:.2f}** "
            f"[{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]")


def comparison(rows, facts, label=lambda row: row["name"]):
    """A line for each case, a column for each peer; pynn's with its share of the peak."""
    peers = [peer for peer in rows.values("peer") if peer != "pynn"]
    lines = []
    for case in rows.cases():
        first = next(iter(case.values()))
        ours = duration(case["pynn"]["seconds"]) if "pynn" in case else ""
        if "pynn" in case and "flops" in first and facts["roofs"]:
            peak = facts["roofs"][first["dtype"]].get(str(first["threads"]))
            ours += f" ({first['flops'] / case['pynn']['seconds'] / 1e9 / peak:.0%} of peak)" if peak else ""
        lines.append([label(first), first["dtype"], first["threads"], ours,
                      *(against(case.get(peer)) for peer in peers)])
    return table(["", "dtype", "threads", "pynn", *(NAMES.get(peer, peer) for peer in peers)], lines)


def steps(rows, facts):
    """Whole training steps: gradient and SGD update, batch 100"""
    return comparison(rows, facts)


def trainer(rows, facts):
    """Trainer against the bare step (TwoLayerNet, ratio below one: slower than the bare step)"""
    lines = [[row["name"], row["peer"], row["threads"], duration(row["seconds"]), f"{row['ratio']:.2f}"]
             for row in rows if row["peer"] != "pynn"]
    return table(["", "", "threads", "a step", "times the bare step"], lines)


def enter(rows, facts):
    """From Enter to a trained network: import, load MNIST, 784-100-10 with Adam for three epochs, test; the whole process"""
    lines = [[NAMES.get(row["peer"], row["peer"]), row["name"], row["threads"], duration(row["seconds"]),
              f"{row['ratio']:.2f}", f"{1 - row['error']:.1%}"] for row in rows]
    return table(["", "", "threads", "wall time", "times pynn's", "accuracy"], lines)


def script(rows, facts):
    """The training script of chapter 5, from its start to its end"""
    return comparison(rows, facts)


def mnist(rows, facts):
    """load_mnist from unpacked files"""
    lines = [[row["name"], NAMES.get(row["peer"], row["peer"]),
              duration(row["seconds"]) if "seconds" in row else
              f"{row['megabytes']:.0f} MB at its peak, {row['handed']:.0f} handed out"] for row in rows]
    return table(["", "", ""], lines)


def gemm(rows, facts):
    """Matrix products"""
    summary, worst = [], []
    for threads in rows.values("threads"):
        for dtype in rows.values("dtype"):
            ratios = rows.ratios(threads=threads, dtype=dtype)
            if ratios:
                summary.append([dtype, threads, len(ratios), f"{geometric_mean(ratios):.2f}",
                                f"{min(ratios):.2f}", sum(ratio < 0.95 for ratio in ratios)])
    parts = [table(["dtype", "threads", "shapes", "geometric mean over NumPy", "worst",
                    "below 0.95"], summary)]
    worst = sorted(rows.where(peer="numpy"), key=lambda row: row["ratio"])[:12]
    parts.append("The twelve worst:\n\n" + table(
        ["shape", "dtype", "threads", "NumPy over pynn"],
        [[row["name"], row["dtype"], row["threads"], f"{row['ratio']:.2f}"] for row in worst]))
    columns = [(dtype, threads) for dtype in rows.values("dtype") for threads in rows.values("threads")]
    ours, theirs = ({(row["name"], row["dtype"], row["threads"]): row for row in rows.where(peer=peer)}
                    for peer in ("pynn", "numpy"))
    lines = [[name, *(f"{rate(ours[(name, *key)]):.1f}, {theirs[(name, *key)]['ratio']:.2f}"
                      if (name, *key) in theirs else "" for key in columns)]
             for name in rows.values("name")]
    parts.append("<details><summary>Every shape (rows x inner x columns): GFLOP/s of pynn, ratio"
                 "</summary>\n\n" + table(["", *(f"{d}, {n}" for d, n in columns)], lines)
                 + "\n</details>\n")
    return "\n".join(parts)


def rate(row):
    return row["flops"] / row["seconds"] / 1e9


def avx2(rows, facts):
    """Matrix products in AVX2: PYNN_CPU=avx2 against OPENBLAS_CORETYPE=Haswell, one thread"""
    return gemm(rows, facts)


def elementwise(rows, facts):
    """Functions, layers and optimizers"""
    parts = []
    for place, where in (("cache", "10,000 elements: within the cache"),
                         ("memory", "8 million elements: beyond the cache")):
        lines = []
        for case in rows.where(place=place).cases():
            if "pynn" not in case:
                continue
            row = case["pynn"]
            speed = row["bytes"] / row["seconds"] / 1e9
            roof = facts["roofs"] and facts["roofs"][place].get(str(row["threads"]))
            lines.append([row["name"], row["dtype"], row["threads"], duration(row["seconds"]),
                          f"{speed:.1f} GB/s" + (f" ({speed / roof:.0%})" if roof else ""),
                          against(case.get("numpy"))])
        parts.append(f"{where} (in brackets: of the triad's bandwidth there)\n\n"
                     + table(["", "dtype", "threads", "pynn", "moved", "NumPy"], lines))
    return "\n".join(parts)


def gradient(rows, facts):
    """Numerical gradient of all 39,760 parameters of 784-50-10, batch 100"""
    return comparison(rows, facts) + "\nThe book's loop was timed on a sample of them and multiplied.\n"


def memory(rows, facts):
    """Memory of a training step, batch 100, float32, over what the import takes"""
    lines = [[row["name"], NAMES.get(row["peer"], row["peer"]), f"{row['megabytes']:.0f} MB"]
             for row in rows]
    return table(["", "", "peak"], lines)


def calls(rows, facts):
    """Calls with 2x2 operands, and whole processes that import and end"""
    return comparison(rows, facts)


def busy(rows, facts):
    """A two-threaded TwoLayerNet step while a busy loop holds one core: medians of single steps"""
    peers = rows.values("peer")
    lines = []
    for case in rows.cases():
        first = next(iter(case.values()))
        lines.append([first["name"], first["threads"],
                      *(f"{duration(case[peer]['seconds'])} [{duration(case[peer]['low'])}, "
                        f"{duration(case[peer]['high'])}]" if peer in case else "" for peer in peers)])
    return table(["", "threads", *(NAMES.get(peer, peer) for peer in peers)], lines)


def beside(rows, facts):
    """Steps in a process whose cell calls np.dot between them"""
    lines = [[row["name"], row["peer"], duration(row["seconds"]), f"{row['of_one']:.2f}"] for row in rows]
    return table(["", "", "a step", "of one thread in such a cell"], lines)


def pool(rows, facts):
    """Where a step stops scaling: the pool measured, and simulated for more cores"""
    costs = [[row["name"].split(": ")[1], duration(row["seconds"])] for row in rows if row["name"].startswith("cost")]
    model, lines = rows.where(peer="model"), []
    counts = model.values("threads")
    for name in model.values("name"):
        one = model.get("seconds", name=name, threads=1)
        chosen = [model.where(name=name, threads=n)[0] for n in counts]
        lines.append([name, *(f"{one / row['seconds']:.2f} ({row['serial'] / row['seconds']:.0%})" for row in chosen)])
        lines.append(["measured", *(duration(rows.get("seconds", name=name, peer="pynn", threads=n))
                                    if rows.where(name=name, peer="pynn", threads=n) else "" for n in counts)])
        lines.append(["model", *(duration(row["seconds"]) for row in chosen)])
        lines.append(["regions, chunks", *(f"{row['regions']}, {row['chunks']}" for row in chosen)])
    return (table(["cost", ""], costs) + "\nTimes one thread, by the model; in brackets the share of the step that is serial.\n\n"
            + table(["threads", *counts], lines))


def compiling(rows, facts):
    """Compiling the extension: processor seconds"""
    return table(["", ""], [[NAMES.get(row["peer"], row["peer"]), f"{row['seconds']:.0f} s"] for row in rows])


def scaling(rows, facts):
    """Scaling of the TwoLayerNet step with batch, width and threads, float32"""
    return comparison(rows, facts)


def sklearn_fit(rows, facts):
    """Fitting PynnClassifier and scikit-learn's MLPClassifier"""
    return comparison(rows, facts)


SECTIONS = {function.__name__: function for function in (
    steps, trainer, enter, script, mnist, gemm, avx2, elementwise, gradient, memory, calls, busy, beside, scaling, pool,
    sklearn_fit, compiling)}
