"""Where the files of a data set are, and how they get there."""

import hashlib
import importlib.util
import io
import os
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

from pynn.io.files import replacing
from pynn.datasets.idx import DatasetError, DatasetWarning, parse_idx, unpack

# Training images and labels, test images and labels.
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Source(NamedTuple):
    """A published data set of four IDX files."""
    title: str
    folder: str         # its name below a data home and below the cache
    mirrors: tuple      # each holds the four NAMES with ".gz" added
    sums: tuple         # SHA-256 of the unpacked files, in the order of NAMES
    installed: tuple    # folders in which operating systems install it


MNIST = Source(
    "MNIST", "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/",
     "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ())

FASHION_MNIST = Source(
    "Fashion-MNIST", "fashion-mnist",
    ("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
     "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
    ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
     "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
     "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
     "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ("/usr/share/datasets/fashion-mnist",))     # Debian's dataset-fashion-mnist

# Every file with a known sum says which data set it is part of.
_TITLES = {sum_: source.title for source in (MNIST, FASHION_MNIST) for sum_ in source.sums}


def cache_home():
    """The folder for downloads: the platform's cache folder, then ``pynn``."""
    if sys.platform == "darwin":
        return Path("~/Library/Caches/pynn").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pynn"


def find_files(folder):
    """Those of the four IDX files that `folder` holds, as {name: path}.

    Each may be packed with gzip, and ``.idx`` may stand for ``-idx``, as
    some unpacking programs name them.
    """
    found = {}
    for name in NAMES:
        spellings = (name, name.replace("-idx", ".idx"))
        paths = (Path(folder, spelling + end) for end in ("", ".gz") for spelling in spellings)
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            found[name] = path
    return found


def complete(folder, found):
    """Whether `found` has all four files of `folder` (or none); some is an error."""
    missing = [name for name in NAMES if name not in found]
    if found and missing:
        raise DatasetError(
            f"{folder} holds only a part of a data set: {', '.join(missing)} "
            f"(or the same with .gz) missing beside "
            f"{', '.join(path.name for path in found.values())}; add the missing files")
    return not missing


def read_source(source, data_home=None, download=True):
    """The four arrays of `source` and the paths they were read from.

    Local files that differ from the published ones warn; files of another
    data set are an error.
    """
    paths = _locate(source, data_home, download)
    arrays, differing = [], []
    for name, published in zip(NAMES, source.sums):
        path = paths[name]
        data = unpack(path.read_bytes(), path)
        digest = hashlib.sha256(data).hexdigest()
        if _TITLES.get(digest, source.title) != source.title:
            raise DatasetError(
                f"{path} belongs to {_TITLES[digest]}, not to {source.title}; put each data "
                "set into a folder of its own, mnist/ and fashion-mnist/")
        if digest != published:
            differing.append(str(path))
        arrays.append(parse_idx(data, path))
    if differing:
        warnings.warn(f"not the published {source.title}, but usable: "
                      f"{', '.join(differing)} (the SHA-256 of the unpacked file differs)",
                      DatasetWarning, stacklevel=4)
    return arrays, [paths[name] for name in NAMES]


def _locate(source, data_home, download):
    """The four files of `source` as {name: path}; if they are nowhere, downloaded or an error."""
    homes = [home for home in (data_home, os.environ.get("PYNN_DATA_HOME")) if home]
    homes = [Path(home).expanduser() for home in homes]
    cache = cache_home() / source.folder
    folders = [folder for home in homes for folder in (home / source.folder, home)]
    folders += [cache, *map(Path, source.installed)]
    for folder in folders:
        found = find_files(folder)
        if folder == cache and len(found) < len(NAMES):
            continue                            # the download completes it
        if complete(folder, found):
            if data_home and folder not in folders[:2]:
                warnings.warn(f"data_home={str(data_home)!r} holds no {source.title}; "
                              f"using {folder}", DatasetWarning, stacklevel=5)
            return found
    if not download:
        raise DatasetError(f"{source.title} is not here, and download is False\n{_advice(source, folders)}")
    return _download(source, cache, folders)


def _download(source, cache, sought):
    """Put what the cache lacks of `source` there; the four paths as {name: path}."""
    advice = _advice(source, sought)
    try:
        import pooch
    except ImportError as error:
        raise ImportError("pooch, which downloads data sets, is not installed: "
                          f'pip install "pynn-from-scratch[data]"\n{advice}') from error
    retrieve = pooch.HTTPDownloader(progressbar=bool(importlib.util.find_spec("tqdm")))
    found = find_files(cache)
    for name, published in zip(NAMES, source.sums):
        if name in found:
            continue
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with replacing(cache / name) as file:
                file.write(_from_mirrors(source, name, published, retrieve, advice))
        except OSError as error:
            raise DatasetError(
                f"cannot write {cache / name}: {error}\nMake the cache folder writeable, or "
                f"set XDG_CACHE_HOME to one that is.\n{advice}") from error
        found[name] = cache / name
    return found


def _from_mirrors(source, name, published, retrieve, advice):
    """The unpacked, verified bytes of one file from the first mirror that has them."""
    reasons = []
    for mirror in source.mirrors:
        url, packed = f"{mirror}{name}.gz", io.BytesIO()
        try:
            retrieve(url, packed, None)
            data = unpack(packed.getvalue(), url)
        except (OSError, DatasetError) as error:
            reasons.append(f"{url}: {error}")
            continue
        digest = hashlib.sha256(data).hexdigest()
        if digest == published:
            return data
        reasons.append(f"{url}: not the published file (SHA-256 {digest}, not {published})")
    raise DatasetError("\n  ".join([f"no mirror of {source.title} gave {name}:", *reasons])
                       + f"\n{advice}")


def _advice(source, sought):
    """Where `source` was sought and how to get it by hand."""
    return "\n  ".join(
        [f"{source.title} was sought in", *map(str, sought)]
    ) + (f"\nTo go on without a download: get {', '.join(name + '.gz' for name in NAMES)} "
         f"from {source.mirrors[0]} on any machine, put them into a folder {source.folder}/, and "
         "set PYNN_DATA_HOME (or data_home=) to the folder that holds it. "
         "load_digits() needs no download at all.")
