"""What pynn promises about its speed, and whether this run kept it."""

from .results import geometric_mean

STEP = {"group": "steps"}


def targets(results, roofs):
    """Yield (promise, what was measured, whether it holds) for all that was measured."""
    for row in [*earlier(results), *matrix_products(results), *elementwise(results, roofs), *steps(results, roofs),
                *convolutions(results), *fits(results), *rest(results)]:
        if row[1] is not None:
            yield row


def matrix_products(results):
    for threads in results.where(group="gemm").values("threads"):
        for dtype in ("float32", "float64"):
            ratios = results.ratios(group="gemm", threads=threads, dtype=dtype)
            if ratios:
                where = f"{dtype}, {in_words(threads)}"
                mean, worst = geometric_mean(ratios), min(ratios)
                below = sum(ratio < 0.95 for ratio in ratios)
                yield (f"matrix products against NumPy, {where}: geometric mean at least 1.25",
                       f"{mean:.2f} over {len(ratios)} shapes", mean >= 1.25)
                yield (f"matrix products against NumPy, {where}: none below 0.95",
                       f"{below} below, the worst {worst:.2f}", below == 0)


def earlier(results):
    for row in results.where(group="earlier", peer="earlier"):
        yield (f"{row['name']} step, {row['dtype']}, {in_words(row['threads'])}: no slower than the earlier commit",
               f"{1 / row['ratio']:.3f} of its time (quartiles {1 / row['ratio_high']:.3f} to {1 / row['ratio_low']:.3f})",
               1 / row["ratio_high"] <= 1)


def elementwise(results, roofs):
    rows = results.where(group="elementwise")
    ratios = rows.ratios(place="cache")
    if ratios:
        slow = sum(ratio < 3 for ratio in ratios)
        yield ("functions, layers and optimizers within the cache: at least 3 times NumPy",
               f"geometric mean {geometric_mean(ratios):.1f}, {slow} of {len(ratios)} below 3, "
               f"the worst {min(ratios):.2f}", slow == 0)
    if roofs and rows:
        shares = [row["bytes"] / row["seconds"] / 1e9 / roofs["memory"][str(row["threads"])]
                  for row in rows.where(place="memory", peer="pynn")
                  if str(row["threads"]) in roofs["memory"]]
        yield ("beyond the cache: as fast as memory allows",
               f"{min(shares):.0%} to {max(shares):.0%} of the triad's bandwidth, "
               f"median {sorted(shares)[len(shares) // 2]:.0%}", None)


def steps(results, roofs):
    two = {**STEP, "name": "TwoLayerNet"}
    pynn = results.get("seconds", **two, dtype="float32", threads=1, peer="pynn")
    if pynn and roofs:
        floor = results.get("flops", **two, dtype="float32") / roofs["float32"]["1"] / 1e9
        yield ("TwoLayerNet step, float32: within 1.35 of its arithmetic floor",
               f"{pynn / floor:.2f} ({1e6 * floor:.0f} us)", pynn <= 1.35 * floor)
    for dtype, peer, factor in [("float32", "torch", 3), ("float32", "jax", 2),
                                ("float32", "numpy", 2.3), ("float64", "torch", 2.2),
                                ("float64", "numpy", 2.2)]:
        for threads in results.where(**two).values("threads"):
            yield at_least(f"TwoLayerNet step, {dtype}, {in_words(threads)}: against {peer}",
                           results.get("ratio", **two, dtype=dtype, threads=threads, peer=peer),
                           factor)
    for dtype in ("float32", "float64"):
        times = [results.get("seconds", **two, dtype=dtype, threads=n, peer="pynn") for n in (1, 2)]
        gain = times[0] / times[1] if all(times) else None
        yield at_least(f"TwoLayerNet step, {dtype}: two threads against one", gain, 1.6)
    for threads, factor in (1, 1.5), (2, 2):
        ratios = [row["ratio"] for row in results.where(**STEP, name="MultiLayerNet",
                                                        dtype="float32", threads=threads)
                  if row["peer"] in ("numpy", "torch", "jax") and "ratio" in row]
        yield at_least(f"MultiLayerNet step, float32, {in_words(threads)}: against the fastest "
                       "of NumPy, PyTorch and JAX", min(ratios, default=None), factor)
    for name in results.where(group="trainer").values("name"):
        for threads in results.where(group="trainer").values("threads"):
            ratio = results.get("ratio", group="trainer", name=name, threads=threads, peer="Trainer")
            yield (f"{name}, {in_words(threads)}: at most 1.10 of the bare step",
                   ratio and f"{ratio:.2f}", bool(ratio) and ratio <= 1.1)


def convolutions(results):
    for name, torch, book in ("SimpleConvNet", 5, 20), ("DeepConvNet", 1.3, 10):
        for threads in results.where(**STEP).values("threads"):
            for peer, factor in ("torch", torch), ("numpy", book):
                ratio = results.get("ratio", **STEP, name=name, threads=threads, peer=peer)
                yield at_least(f"{name} step, float32, {in_words(threads)}: against {peer}",
                               ratio, factor)
    ours, torch = (results.get("megabytes", group="memory", name="DeepConvNet", peer=peer)
                   for peer in ("pynn", "torch"))
    yield ("DeepConvNet step: memory below PyTorch's",
           ours and torch and f"{ours:.0f} MB against {torch:.0f} MB", bool(ours and torch) and ours < torch)


def fits(results):
    for row in results.where(group="sklearn_fit", peer="sklearn"):
        yield at_least(f"PynnClassifier.fit, {row['name']}, one thread: against MLPClassifier", row.get("ratio"), 3.5)


def rest(results):
    gain = results.get("ratio", group="gradient", threads=1, peer="numpy")
    yield at_least("numerical gradient of 784-50-10, one thread: against the book's loop", gain, 200)
    for dtype in ("float32", "float64"):
        calls = results.ratios(group="calls", dtype=dtype)
        yield at_least(f"calls with 2x2 operands, {dtype}: the slowest of them against NumPy",
                       min(calls, default=None), 1)
    imports = [results.get("seconds", group="calls", name="import", peer=peer)
               for peer in ("pynn", "numpy")]
    if all(imports):
        extra = 1e3 * (imports[0] - imports[1])
        yield "import pynn: at most 30 ms over import numpy", f"{extra:.0f} ms", extra <= 30
    alone = results.get("seconds", group="busy", name="left alone", threads=1, peer="pynn")
    for row in results.where(group="busy", peer="pynn", threads=2):
        if row["name"] != "left alone":
            yield (f"TwoLayerNet step on two threads, {row['name']}: "
                   "at most 1.6 times one thread left alone",
                   f"{row['seconds'] / alone:.2f}", row["seconds"] <= 1.6 * alone)


def at_least(promise, ratio, factor):
    return f"{promise}: at least {factor:g} times as fast", ratio and f"{ratio:.2f}", bool(ratio) and ratio >= factor


def in_words(threads):
    return {1: "one thread", 2: "two threads"}.get(threads, f"{threads} threads")
