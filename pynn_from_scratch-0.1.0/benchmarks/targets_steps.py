"""The promises about single training steps and about the Trainer."""

from .words import at_least, at_most, in_words

SHARED_CORE = 1.6               # two threads with less than so many times the arithmetic of one share a core
TORCH = "torch", "torch channels_last"
OF_EARLIER = {("DeepConvNet", 1): 0.70, ("DeepConvNet", 2): 0.70, ("SimpleConvNet", 1): 0.85}


def targets(results, roofs):
    rows = results.where(group="steps")
    yield from earlier(rows)
    yield from two_layers(rows, roofs)
    yield from many_layers(rows)
    yield from convolutions(rows)
    yield from trainer(results.where(group="trainer"))


def earlier(rows):
    """Where nothing faster is promised, a step is not slower, as far as the quartiles tell."""
    for row in rows.where(peer="earlier"):
        what, share = f"{row['name']} step, {row['dtype']}, {in_words(row['threads'])}", 1 / row["ratio"]
        words = f" (quartiles {1 / row['ratio_high']:.2f} to {1 / row['ratio_low']:.2f})"
        bound = OF_EARLIER.get((row["name"], row["threads"]))
        if bound:
            yield at_most(f"{what}: of the earlier step", share, bound, words)
        else:
            yield f"{what}: no slower than the earlier step", f"{share:.2f}{words}", 1 / row["ratio_high"] <= 1


def two_layers(rows, roofs):
    rows = rows.where(name="TwoLayerNet")
    pynn = rows.get("seconds", dtype="float32", threads=1, peer="pynn")
    if pynn and roofs:
        floor = rows.get("flops", dtype="float32") / roofs["float32"]["1"] / 1e9
        yield at_most("TwoLayerNet step, float32, one thread: times its arithmetic floor", pynn / floor, 1.30,
                      f" ({1e6 * floor:.0f} us)")
    for dtype, peer, factor in [("float32", "torch", 3), ("float32", "jax", 2.1), ("float32", "numpy", 2.3),
                                ("float64", "torch", 2.2), ("float64", "numpy", 2.2)]:
        for row in rows.where(dtype=dtype, peer=peer):
            yield at_least(f"TwoLayerNet step, {dtype}, {in_words(row['threads'])}: against {peer}", row["ratio"], factor)
    for row in rows.where(peer="one thread"):
        promise, measured, kept = at_least(f"TwoLayerNet step, {row['dtype']}: two threads against one", row["ratio"], 1.65)
        if roofs and roofs["float32"]["2"] < SHARED_CORE * roofs["float32"]["1"]:
            measured, kept = f"{measured} (the two processors share a core)", None
        yield promise, measured, kept


def many_layers(rows):
    for threads, factor in (1, 1.5), (2, 2):
        ratios = [row["ratio"] for row in rows.where(name="MultiLayerNet", dtype="float32", threads=threads)
                  if row["peer"] in ("numpy", "torch", "jax")]
        yield at_least(f"MultiLayerNet step, float32, {in_words(threads)}: against the fastest of NumPy, PyTorch and JAX",
                       min(ratios, default=None), factor)


def convolutions(rows):
    for name, torch, book in ("SimpleConvNet", 6.5, 20), ("DeepConvNet", 2.8, 10):
        for threads in rows.where(name=name).values("threads"):
            case = rows.where(name=name, threads=threads)
            where = f"{name} step, float32, {in_words(threads)}"
            layouts = [row for row in case if row["peer"] in TORCH]
            if layouts:
                better = min(layouts, key=lambda row: row["seconds"])
                promise, measured, kept = at_least(f"{where}: against PyTorch's better layout", better["ratio"], torch)
                layout = "channels_last" if better["peer"] == TORCH[1] else "the default"
                yield promise, f"{measured} ({layout})", kept
            yield at_least(f"{where}: against numpy", case.get("ratio", peer="numpy"), book)


def trainer(rows):
    bounds = {"Trainer, loss_after_update=False": 1.15, "Trainer, loss_after_update=True": 1.60}
    for name, bound in bounds.items():
        one, two = (rows.where(name=name, threads=threads) for threads in (1, 2))
        earlier = one.get("ratio", peer="earlier Trainer")
        yield at_most(f"{name}, one thread: times the bare step", one.get("ratio", peer="Trainer"), bound,
                      f" (earlier {earlier:.2f})" if earlier else "")
        both = [two.get("ratio", peer=peer) for peer in ("Trainer, one thread", "Trainer")]
        if name.endswith("False") and all(both):
            yield at_least(f"{name}: two threads against one", both[0] / both[1], 1.5)
