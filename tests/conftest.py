"""Hypothesis profiles: a fixed, short one by default; HYPOTHESIS_PROFILE=thorough draws afresh, quick is for slow builds and many versions."""

import gc
import os
import signal

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", max_examples=60, deadline=None, derandomize=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("default"),
                          max_examples=2000, derandomize=False)
settings.register_profile("quick", parent=settings.get_profile("default"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# A shell's background job hands on an ignored SIGINT, and Python leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


# What Python does, the same whichever kernels compute, and what runs every instruction set itself: every_isa.py runs these
# once. A new file runs under each until it is named here.
ONCE = {
    "test_benchmarks", "test_book", "test_book_foreign", "test_book_networks", "test_book_readers", "test_browser", "test_build",
    "test_cancellation", "test_cli", "test_cli_run", "test_comparing", "test_dask", "test_datasets", "test_datasets_forms",
    "test_diagnose", "test_diagnosis", "test_examples", "test_exchange_keras", "test_exchange_onnx", "test_exchange_onnx_reading",
    "test_exchange_real", "test_exchange_tools", "test_exchange_torch", "test_exchange_weights", "test_exit", "test_faults",
    "test_fenced", "test_found", "test_gradient_check", "test_image", "test_interrupt", "test_io_files", "test_io_guards",
    "test_io_state", "test_mapped", "test_memory", "test_mpi", "test_notebooks", "test_perceptron", "test_plot", "test_plot_graph",
    "test_plot_network", "test_ranks", "test_readme", "test_real", "test_reference", "test_release", "test_sklearn", "test_tables",
    "test_threadpools", "test_threads", "test_trainer", "test_training", "test_traps", "test_typing", "test_ulp", "test_util",
    "test_weights", "test_widgets", "test_words",
}


# What runs scripts and commands, draws, or is killed hundreds of times: minutes of Python, and no C that the others do not reach.
# every_isa.py leaves these out.
PYTHON = {
    "test_benchmarks", "test_book", "test_book_foreign", "test_book_networks", "test_book_readers", "test_build", "test_cli",
    "test_cli_run", "test_datasets", "test_datasets_forms", "test_examples", "test_faults", "test_notebooks", "test_plot",
    "test_plot_graph", "test_plot_network", "test_readme", "test_release", "test_sklearn", "test_threadpools", "test_typing",
    "test_widgets",
}


def pytest_collection_modifyitems(items):
    for item in items:
        for mark, files in {"once": ONCE, "python": PYTHON}.items():
            if item.path.stem in files:
                item.add_marker(mark)


def pytest_collection_finish():
    """What the tests are made of stays: no collection of garbage need go over it again, which took most of the time of some."""
    gc.freeze()


@pytest.fixture
def rng():
    return np.random.default_rng(0)
