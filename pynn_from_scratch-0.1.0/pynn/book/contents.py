"""What the book's modules contain, and where pynn has it."""

from functools import lru_cache
from importlib import import_module

# The book's module, and the modules of pynn that have its definitions; after the first, what only scripts reach for.
SOURCES = {
    "common.functions": ("pynn.functions",),
    "common.gradient": ("pynn.gradient", "pynn.book.gradient"),
    "common.layers": ("pynn.layers",),
    "common.multi_layer_net": ("pynn.networks.multi_layer_net",),
    "common.multi_layer_net_extend": ("pynn.networks.multi_layer_net_extend",),
    "common.optimizer": ("pynn.optimizer",),
    "common.trainer": ("pynn.trainer",),
    "common.util": ("pynn.util",),
    "dataset.mnist": ("pynn.datasets.mnist", "pynn.book.mnist"),
    "two_layer_net": ("pynn.networks.two_layer_net",),
    "simple_convnet": ("pynn.networks.simple_convnet",),
    "deep_convnet": ("pynn.networks.deep_convnet",),
}
# What the book's modules import, which a star hands on to the reader's script.
_OF_LAYERS = "import numpy as np; from common.functions import *; from common.util import im2col, col2im"
_OF_NETWORKS = ("import os, sys, numpy as np; from collections import OrderedDict; from common.layers import *; "
                "from common.gradient import numerical_gradient")
IMPORTS = {
    "common.functions": "import numpy as np",
    "common.gradient": "import numpy as np",
    "common.layers": _OF_LAYERS,
    "common.multi_layer_net": _OF_NETWORKS,
    "common.multi_layer_net_extend": _OF_NETWORKS,
    "common.optimizer": "import numpy as np",
    "common.trainer": "import os, sys, numpy as np; from common.optimizer import *",
    "common.util": "import numpy as np",
    "dataset.mnist": "import gzip, os, os.path, pickle, urllib.request, numpy as np",
    "two_layer_net": _OF_NETWORKS,
    "simple_convnet": f"{_OF_NETWORKS}; import pickle",
    "deep_convnet": f"{_OF_NETWORKS}; import pickle",
}
# Modules whose classes are made of what they import: layers, or optimizers.
MADE_OF_PARTS = {"common.multi_layer_net", "common.multi_layer_net_extend", "common.trainer", "two_layer_net",
                 "simple_convnet", "deep_convnet"}
PACKAGES = {name.partition(".")[0] for name in SOURCES if "." in name}
FILES = {name.rpartition(".")[2]: name for name in SOURCES}
# Of chapter 4, whose network returns probabilities and not scores: known as the book's, but not served.
_NOT_SERVED = {"ch04/two_layer_net.py"}


@lru_cache
def fingerprints(module):
    """The fingerprints of a module's definitions, and whether pynn has that one: ``{"Relu": {"bad0...": True}, ...}``.

    The facts are those of the book's code as it is now, and of earlier printings that compute the same.
    """
    import json
    from importlib.resources import files
    facts = json.loads(files("pynn.book").joinpath("definitions.json").read_text(encoding="utf-8"))
    name, result = module.replace(".", "/") + ".py", {}
    for path, definitions in facts.items():
        if path.endswith(name):
            for definition, fingerprint in definitions.items():
                result.setdefault(definition, {})[fingerprint] = path not in _NOT_SERVED
    return result


def pynns(module, name):
    """pynn's own definition for one of the book's; None if it needs none."""
    return getattr(import_module(SOURCES[module][0]), name, None)


def serve(module, name):
    """pynn's definition of `name` in a module of the book; AttributeError if there is none."""
    for source in SOURCES[module] if not name.startswith("__") else ():     # __all__ is not for a star to find here
        try:
            return getattr(import_module(source), name)
        except AttributeError:
            continue
    raise AttributeError(f"module {module!r} has no attribute {name!r}: neither the reader's file, if there is one, nor "
                         f"{' nor '.join(SOURCES[module])} has it")
