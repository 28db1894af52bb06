"""Where the files of a data set are, and how they get there."""

import hashlib
import importlib.util
import io
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import NamedTuple

from pynn.datasets.folder import NAMES, PARTS, Found, Part, check_complete, is_complete
from pynn.datasets.idx import idx_header, parse_idx
from pynn.datasets.stream import DatasetError, DatasetWarning
from pynn.io.files import path_of, replacing


class Source(NamedTuple):
    """A published data set of four IDX files."""
    title: str
    folder: str         # its name below a data home and below the cache
    torchvision: str    # the name that torchvision gives its folder
    archives: tuple     # the names, without .npz, that archives of it have
    mirrors: tuple      # each holds the four NAMES with ".gz" added
    sums: tuple         # SHA-256 of the unpacked files, in the order of NAMES
    installed: tuple    # folders in which operating systems install it
    beside: bool        # whether the book has it in dataset/ beside the script


MNIST = Source(
    "MNIST", "mnist", "MNIST", ("mnist",),
    ("https://ossci-datasets.s3.amazonaws.com/mnist/",
     "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    (), True)

FASHION_MNIST = Source(
    "Fashion-MNIST", "fashion-mnist", "FashionMNIST", ("fashion-mnist", "fashion_mnist", "fashionmnist"),
    ("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
     "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
    ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
     "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
     "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
     "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ("/usr/share/datasets/fashion-mnist",),     # Debian's dataset-fashion-mnist
    False)

# Every file with a known sum says which data set it is part of.
_TITLES = {sum_: source.title for source in (MNIST, FASHION_MNIST) for sum_ in source.sums}


def cache_home():
    """The folder for downloads: ``pynn`` in ``$XDG_CACHE_HOME`` where that is set, or the platform's."""
    caches = os.environ.get("XDG_CACHE_HOME")
    if caches:
        return _home(caches) / "pynn"
    if sys.platform == "win32":
        return _home(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "pynn" / "Cache"
    return _home("~/Library/Caches/pynn" if sys.platform == "darwin" else "~/.cache/pynn")


def _home(path):
    """A folder; of a user who is not known, the folder of that name."""
    return Path(os.path.expanduser(path))


def books_folders():
    """The folders ``dataset/`` of the book that are beside the script, or one folder up."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    here = [Path.cwd()] + ([Path(script).resolve().parent] if script else [])
    package = getattr(sys.modules.get("dataset"), "__path__", ())
    folders = [place / "dataset" for start in here for place in (start, start.parent)]
    return list(dict.fromkeys(folders + [Path(place).resolve() for place in package]))


class Comparison(threading.Thread):
    """Compares arrays with the published files by their sums, while others work on.

    `arrays` are images (N, 1, H, W) and labels (N,) in turn.
    """

    def __init__(self, source, arrays, parts):
        super().__init__(daemon=True)
        self._source, self._parts, self._arrays = source, parts, list(arrays)
        self._sums = []

    def run(self):
        while self._arrays:
            array = self._arrays.pop(0).astype("u1", copy=False)
            array = array[:, 0] if array.ndim == 4 else array
            sum_ = hashlib.sha256(idx_header(array))
            sum_.update(memoryview(array).cast("B") if array.size else b"")
            self._sums.append(sum_.hexdigest())

    def tell(self, stacklevel):
        """Warn if local files differ from the published ones; raise if they are another data set's."""
        self.join()
        differing = []
        for part, sum_, published in zip(self._parts, self._sums, self._source.sums):
            if _TITLES.get(sum_, self._source.title) != self._source.title:
                raise DatasetError(
                    f"{part} belongs to {_TITLES[sum_]}, not to {self._source.title}; put each data "
                    "set into a folder of its own, mnist/ and fashion-mnist/")
            if sum_ != published:
                differing.append(str(part))
        if differing:
            warnings.warn(f"not the published {self._source.title}, but usable: "
                          f"{', '.join(differing)} (the SHA-256 of the unpacked file differs)",
                          DatasetWarning, stacklevel=stacklevel)


def locate(source, data_home, download, stacklevel):
    """The four parts of `source` in the order of PARTS; if they are nowhere, downloaded or an error."""
    homes = [_home(path_of(home, "data_home")) for home in (data_home, os.environ.get("PYNN_DATA_HOME")) if home]
    cache = cache_home() / source.folder
    given = [folder for home in homes
             for folder in dict.fromkeys((home / source.folder, home / source.torchvision, home))]
    beside = books_folders() if source.beside else []
    folders = [*given, *beside, cache, *map(Path, source.installed)]
    advice = [_where(source, folders)]
    for folder in folders:
        found = Found(folder)
        set_, parts = _choose(source, found)
        if parts and folder not in (cache, *beside):    # a download completes the cache
            check_complete(folder, set_, parts)
        if is_complete(parts):
            if data_home and folder not in given[:3] and homes[0] != folder:
                warnings.warn(f"data_home={str(data_home)!r} holds no {source.title}; "
                              f"using {folder}", DatasetWarning, stacklevel=stacklevel)
            return [parts[name] for name in PARTS]
        if folder in homes and found.in_words() != "nothing":
            advice.append(f"In {folder} there is {found.in_words()}; load_folder reads other data sets.")
    advice = "\n".join([*advice, _by_hand(source)])
    if not download:
        raise DatasetError(f"{source.title} is not here, and download is False\n{advice}")
    return _download(source, cache, advice)


def _choose(source, found):
    """Which of the data sets found is `source`, and its parts: a complete one if there is one."""
    names = [name for name in found.sets if name in ("", *source.archives)]
    names.sort(key=lambda name: (not is_complete(found.sets[name]), name))
    return (names[0], found.sets[names[0]]) if names else ("", {})


def _download(source, cache, advice):
    """Put what the cache lacks of `source` there; the four parts."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError("pooch, which downloads data sets, is not installed: "
                          f'pip install "pynn-from-scratch[data]"\n{advice}') from error
    retrieve = pooch.HTTPDownloader(progressbar=bool(importlib.util.find_spec("tqdm")))
    parts = dict(Found(cache).sets.get("", {}))
    for part, name, published in zip(PARTS, NAMES, source.sums):
        if part in parts:
            continue
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with replacing(cache / name) as file:
                file.writelines(_from_mirrors(source, name, published, retrieve, advice))
        except OSError as error:
            raise DatasetError(
                f"cannot write {cache / name}: {error}\nMake the cache folder writeable, or "
                f"set XDG_CACHE_HOME to one that is.\n{advice}") from error
        parts[part] = Part(cache / name, "")
    return [parts[part] for part in PARTS]


def _from_mirrors(source, name, published, retrieve, advice):
    """Header and elements, verified, of one file from the first mirror that has it."""
    reasons = []
    for mirror in source.mirrors:
        url, packed = f"{mirror}{name}.gz", io.BytesIO()
        try:
            retrieve(url, packed, None)
            array = parse_idx(packed.getvalue(), url)
        except (OSError, DatasetError) as error:
            reasons.append(str(error) if url in str(error) else f"{url}: {error}")
            continue
        pieces = idx_header(array), array.tobytes()
        digest = hashlib.sha256(pieces[0])
        digest.update(pieces[1])
        if digest.hexdigest() == published:
            return pieces
        reasons.append(f"{url}: not the published file (SHA-256 {digest.hexdigest()}, not {published})")
    raise DatasetError("\n  ".join([f"no mirror of {source.title} gave {name}:", *reasons])
                       + f"\n{advice}")


def _where(source, sought):
    """Where `source` was sought."""
    return "\n  ".join([f"{source.title} was sought in", *map(str, sought)])


def _by_hand(source):
    """How to get `source` without a download by pynn."""
    return (f"To go on without a download: get {', '.join(name + '.gz' for name in NAMES)} "
            f"from {source.mirrors[0]} on any machine, put them into a folder {source.folder}/, and "
            "set PYNN_DATA_HOME (or data_home=) to the folder that holds it. "
            "load_digits() needs no download at all.")
