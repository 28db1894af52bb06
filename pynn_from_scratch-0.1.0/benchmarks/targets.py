"""What pynn promises about its speed, and whether this run kept it."""

from . import targets_steps
from .results import geometric_mean
from .words import at_least, at_most, in_words


def targets(results, roofs):
    """Yield (promise, what was measured, whether it holds) for all that was measured."""
    for row in [*targets_steps.targets(results, roofs), *whole_programs(results), *mnist(results), *memory(results),
                *beside(results), *matrix_products(results), *elementwise(results, roofs), *fits(results), *rest(results),
                *scaling(results)]:
        if row[1] is not None:
            yield row


def whole_programs(results):
    for threads, factor in (1, 3.3), (2, 3):
        ours = results.where(group="script", threads=threads)
        yield at_least(f"the script of chapter 5, {in_words(threads)}: against NumPy", ours.get("ratio", peer="numpy"), factor)
        yield beside_earlier(f"the script of chapter 5, {in_words(threads)}", ours)
    ours = results.where(group="enter")
    seconds = ours.get("seconds", peer="pynn")
    yield at_most("from Enter to a trained network", seconds, 0.45, unit=" s")
    yield at_least("from Enter to a trained network: against torch", ours.get("ratio", peer="torch"), 8)
    yield beside_earlier("from Enter to a trained network", ours)


def beside_earlier(what, rows):
    """What a process takes of the earlier commit's time, without a promise."""
    ratio = rows.get("ratio", peer="earlier")
    return f"{what}: of the earlier commit's time", ratio and f"{1 / ratio:.2f}", None


def mnist(results):
    rows = results.where(group="mnist", peer="pynn")
    for row in rows:
        if "seconds" in row:
            yield at_most("load_mnist from the cache", row["seconds"], 0.2, unit=" s")
            yield beside_earlier("load_mnist from the cache", results.where(group="mnist", name=row["name"]))
        else:
            name, earlier = row["name"], results.get("megabytes", group="mnist", name=row["name"], peer="earlier")
            words = f" ({row['megabytes']:.0f} of {row['handed']:.0f} MB" + (f", earlier {earlier:.0f})" if earlier else ")")
            yield at_most(f"memory of {name}, of the arrays handed out", row["megabytes"] / row["handed"], 1.3, words)


def memory(results):
    ours, earlier, torch = (results.get("megabytes", group="memory", name="DeepConvNet", peer=peer)
                            for peer in ("pynn", "earlier", "torch"))
    if ours:
        for promise, other in ("no more than the earlier commit's", earlier), ("below PyTorch's", torch):
            yield (f"DeepConvNet step: memory {promise}", other and f"{ours:.0f} MB against {other:.0f} MB",
                   bool(other) and round(ours) <= round(other))


def beside(results):
    """Single steps vary by some per cent, so as much is let pass."""
    for row in results.where(group="beside"):
        if row["peer"].startswith("two threads, np.dot") and "earlier" not in row["peer"]:
            yield at_most(f"{row['name']} step, {row['peer']}: of one thread there, but for 5 %", row["of_one"], 1.05)


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


def fits(results):
    for row in results.where(group="sklearn_fit", peer="sklearn"):
        yield at_least(f"PynnClassifier.fit, {row['name']}, one thread: against MLPClassifier", row.get("ratio"), 3.5)


def rest(results):
    gain = results.get("ratio", group="gradient", threads=1, peer="numpy")
    yield at_least("numerical gradient of 784-50-10, one thread: against the book's loop", gain, 200)
    for dtype in ("float32", "float64"):
        calls = results.ratios(group="calls", dtype=dtype)
        yield at_least(f"calls with 2x2 operands, {dtype}: the slowest of them against NumPy", min(calls, default=None), 1)
    imports = [results.get("seconds", group="calls", name="import", peer=peer) for peer in ("pynn", "numpy")]
    if all(imports):
        extra = 1e3 * (imports[0] - imports[1])
        yield "import pynn: at most 30 ms over import numpy", f"{extra:.0f} ms", extra <= 30
    alone = results.get("seconds", group="busy", name="left alone", threads=1, peer="pynn")
    for row in results.where(group="busy", peer="pynn", threads=2):
        if row["name"] != "left alone":
            yield at_most(f"TwoLayerNet step on two threads, {row['name']}: of one thread left alone", row["seconds"] / alone, 1.6)
    ours, earlier = (results.get("seconds", group="compiling", peer=peer) for peer in ("pynn", "earlier"))
    if ours and earlier:
        yield at_most("compiling the extension: processor time, of the earlier commit's", ours / earlier, 0.5,
                      f" ({ours:.0f} of {earlier:.0f} s)")


def scaling(results):
    """Where the model of the pool stops, and how far it is from the steps that were measured."""
    from .simulate import stops

    rows = results.where(group="pool", peer="model")
    for name in rows.values("name"):
        model = {row["threads"]: row["seconds"] for row in rows.where(name=name)}
        measured = {row["threads"]: row["seconds"] for row in results.where(group="pool", name=name, peer="pynn")}
        most = stops(model)
        checked = ", ".join(f"{model[n] / seconds:.2f} at {n}" for n, seconds in measured.items())
        yield (f"{name} step: twice as many threads gain less than 1.2 times, by the pool's model, from",
               f"{most} threads, {model[1] / model[most]:.1f} times one (model over measured: {checked})", None)
