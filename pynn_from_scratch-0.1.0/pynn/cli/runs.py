"""The folder of a run: everything needed to look at it, to go on, and to do it again."""

import csv
import json
import time
from pathlib import Path

from pynn.cli.architecture import OPTIONS


def new_folder(parent, name):
    """Make ``parent/name-DATE``, which was not there before."""
    stem = Path(parent, f"{name}-{time.strftime('%Y%m%d-%H%M%S')}")
    for number in range(1, 1000):
        folder = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if number == 1 and not Path(parent).is_dir():
                raise
    raise FileExistsError(f"{stem}: a thousand runs in one second")


def write(folder, network, trainer, options):
    """Write ``weights.npz``, ``history.csv`` and ``options.json``."""
    network.save_params(folder / "weights.npz")
    with open(folder / "history.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(trainer.history)
        writer.writerows(zip(*trainer.history.values()))
    with open(folder / OPTIONS, "w", encoding="utf-8") as file:
        json.dump(options, file, indent=2)
        file.write("\n")
