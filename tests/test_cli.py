"""``python -m pynn`` from the outside: what it prints, writes and returns."""

import gzip
import importlib.util
import json
import os
import re
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pynn
from pynn.cli import main
from pynn.io import load_params

pytest.importorskip("matplotlib")
ENV = {**os.environ, "PYTHONPATH": str(Path(pynn.__file__).parents[1]), "DISPLAY": ""}


def pynn_(*args, cwd):
    return subprocess.run([sys.executable, "-m", "pynn", *map(str, args)], cwd=cwd, env=ENV, capture_output=True,
                          text=True, timeout=120)


def write_idx(path, array, open_=gzip.open):
    with open_(path, "wb") as file:
        file.write(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture
def idx(tmp_path):
    """Four IDX files of 6x7 images in which the brightest of three rows is the class."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "rows"
    folder.mkdir()
    for part, n in (("train", 300), ("t10k", 100)):
        images = rng.integers(0, 100, (n, 6, 7), dtype=np.uint8)
        labels = rng.integers(0, 3, n, dtype=np.uint8)
        images[np.arange(n), labels * 2] += 150
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)
    return folder


def test_train_on_the_digits(tmp_path):
    pytest.importorskip("sklearn")
    result = pynn_("train", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    accuracy = float(re.search(r"test accuracy ([\d.]+) after 1,150 steps in [\d.]+ s", result.stdout)[1])
    assert accuracy >= 0.95
    path = Path(re.search(r"curves: (.*)", result.stdout)[1])
    assert re.fullmatch(r"digits-two-layer-\d{8}-\d{6}", path.parent.name) and path.parent.parent == (tmp_path / "runs").resolve()
    assert path.read_bytes().startswith(b"\x89PNG")
    assert {file.name for file in path.parent.iterdir()} == {"curves.png", "weights.npz", "history.csv", "options.json"}
    history = (path.parent / "history.csv").read_text().splitlines()
    assert history[0] == "epoch,loss,train_acc,test_acc,lr,seconds" and len(history) == 41
    assert float(history[-1].split(",")[3]) == pytest.approx(accuracy, abs=1e-4)
    assert "digits: 1,438 images to learn from, 359 to test on" in result.stdout


def test_train_with_every_option(idx, tmp_path):
    options = ["--data", idx, "--network", "two-layer", "--hidden", 12, "--activation", "sigmoid", "--init-std", 0.1,
               "--optimizer", "rmsprop", "--lr", 0.01, "--epochs", 20, "--batch-size", 25, "--dtype", "float64",
               "--seed", 3, "--output", "curves.svg", "--save", "new/net.npz"]
    first, second = (pynn_("train", *options, cwd=tmp_path) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert "rows: 300 images to learn from, 100 to test on" in first.stdout
    assert "42-12-3, sigmoid, float64; rmsprop at 0.01, 240 steps of 25 images" in first.stdout
    accuracy = re.search(r"test accuracy [\d.]+", first.stdout)[0]
    assert float(accuracy.split()[-1]) > 0.9
    assert accuracy in second.stdout            # the seed decides everything
    params = load_params(tmp_path / "new" / "net.npz")
    assert {k: (v.shape, v.dtype.name) for k, v in params.items()} == {
        "W1": ((42, 12), "float64"), "b1": ((12,), "float64"), "W2": ((12, 3), "float64"), "b2": ((3,), "float64")}
    assert "<svg" in (tmp_path / "curves.svg").read_text()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_default_rates_train(optimizer, activation, idx, tmp_path, capsys):
    assert main(["train", "--data", str(idx), "--optimizer", optimizer, "--activation", activation,
                 "--epochs", "40", "--output", str(tmp_path / "curves.png")]) == 0
    assert float(re.search(r"test accuracy ([\d.]+)", capsys.readouterr().out)[1]) > 0.9


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop"])
def test_the_default_rates_train_convolutions(optimizer, tmp_path, capsys):
    pytest.importorskip("sklearn")
    assert main(["train", "--network", "simple-convnet", "--optimizer", optimizer, "--output", str(tmp_path / "curves.png")]) == 0
    assert float(re.search(r"test accuracy ([\d.]+)", capsys.readouterr().out)[1]) > 0.9


@pytest.mark.parametrize("network, described, w1, steps", [
    ("simple-convnet", "simple-convnet 1x8x8-100-10, relu, float32; adam at 0.001, 1,150 steps of 50", (30, 1, 5, 5), 1150),
    ("deep-convnet", "deep-convnet 1x8x8-50-10, relu, float32; adam at 0.001, 57 steps of 50", (16, 1, 3, 3), 57)])
def test_the_convolutional_networks_train(network, described, w1, steps, tmp_path, capsys):
    pytest.importorskip("sklearn")
    epochs = [] if steps == 1150 else ["--epochs", "2"]
    path = tmp_path / "net.npz"
    assert main(["train", "--network", network, *epochs, "--output", str(tmp_path / "curves.png"), "--save", str(path)]) == 0
    out = capsys.readouterr().out
    assert described in out
    accuracy = float(re.search(rf"test accuracy ([\d.]+) after {steps:,} steps", out)[1])
    assert accuracy > (0.9 if steps == 1150 else 0.5)
    net = (pynn.SimpleConvNet if network == "simple-convnet" else pynn.DeepConvNet)((1, 8, 8))
    net.load_params(path)
    assert net.params["W1"].shape == w1
    # the whole test set, as the printed accuracy, whatever the curves use
    _, (x, t) = pynn.load_digits(flatten=False)
    assert net.accuracy(x, t) == pytest.approx(accuracy, abs=0.003)


@pytest.mark.parametrize("network", ["simple-convnet", "deep-convnet"])
def test_every_size_can_be_chosen(network, idx, tmp_path, capsys):
    options = ["--hidden", "7", "--dtype", "float64", "--epochs", "2", "--batch-size", "30", "--lr", "0.01"]
    assert main(["train", "--data", str(idx), "--network", network, *options, "--output", str(tmp_path / "a.png"),
                 "--save", str(tmp_path / "net.npz")]) == 0
    assert f"{network} 1x6x7-7-3, relu, float64; adam at 0.01, 20 steps of 30" in capsys.readouterr().out
    params = load_params(tmp_path / "net.npz")
    last = max(params)
    assert params[last].shape == (3,) and params[f"W{last[1:]}"].shape == (7, 3) and params[last].dtype == np.float64


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_draws_what_was_learned(idx, tmp_path):
    process = subprocess.Popen([sys.executable, "-m", "pynn", "train", "--data", str(idx), "--epochs", "1e7"],
                               cwd=tmp_path, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "loss" not in process.stderr.readline():      # what the progress bar says of the first steps
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: test accuracy" in out
    assert len(list((tmp_path / "runs").glob("rows-two-layer-*/curves.png"))) == 1


@pytest.mark.parametrize("args, words", [
    (["--epochs", "0"], "argument --epochs: 0 is out of range"),
    (["--epochs", "many"], "argument --epochs: invalid float value: 'many'"),
    (["--epochs", "nan"], "argument --epochs: nan is out of range"),
    (["--hidden", "0"], "argument --hidden: 0 is out of range"),
    (["--lr", "-1"], "argument --lr: -1 is out of range"),
    (["--seed", "4294967296"], "argument --seed: 4294967296 is out of range"),
    (["--optimizer", "adagard"], "argument --optimizer: invalid choice: 'adagard'"),
    (["--optimizer-param", "momentum"], "argument --optimizer-param: 'momentum' is not of the form NAME=NUMBER"),
    (["--optimizer-param", "beta1=high"], "'high' in 'beta1=high' is no number"),
    (["--dtype", "float16"], "argument --dtype: invalid choice: 'float16'"),
    (["--network", "vgg"], "argument --network: invalid choice: 'vgg'")])
def test_wrong_usage(args, words, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["train", *args])
    assert exit_.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("args, words", [
    (["--data", "absent"], "--data absent: no such folder, and no data set of that name; the names are digits, "),
    (["--data", "."], "holds none of train-images-idx3-ubyte"),
    (["--output", "curves.xyz"], "--output curves.xyz must end in .png, or another of"),
    (["--output", "."], "--output . must end in .png"),
    (["--output", "occupied.png"], "occupied.png"),
    (["--save", "net.h5"], "net.h5 must end in .npz"),
    (["--network", "simple-convnet", "--activation", "sigmoid"], "--activation sigmoid: simple-convnet has relu and no other"),
    (["--network", "deep-convnet", "--init-std", "0.1"], "--init-std: deep-convnet has He's standard deviations"),
    (["--hidden", "3", "4"], "--hidden 3 4: two-layer has one hidden layer of affine neurons"),
    (["--dropout", "0.5"], "--dropout: two-layer has none; multi-layer-extend has"),
    (["--init-std", "kaiming"], "--init-std: weight_init_std is 'kaiming'")])
def test_errors_are_one_line(args, words, idx, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "occupied.png").mkdir()
    data = [] if "--data" in args else ["--data", str(idx)]
    assert main(["train", *data, *args]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("pynn: ") and words in err
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize("module, words", [("matplotlib.figure", 'pip install "pynn-from-scratch[plot]"'),
                                           ("sklearn", 'pip install "pynn-from-scratch[data]"')])
def test_a_missing_extra_is_named(module, words, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    if module != "sklearn":
        monkeypatch.setattr("pynn.datasets.load_digits", lambda flatten: ((np.ones((2, 4)), np.arange(2)),) * 2)
    assert main(["train"]) == 1
    assert words in capsys.readouterr().err


def test_help(capsys):
    for args in (["--help"], ["train", "--help"], ["run", "--help"], ["info", "--help"]):
        with pytest.raises(SystemExit) as exit_:
            main(args)
        assert exit_.value.code == 0
        assert capsys.readouterr().out.startswith("usage: python -m pynn")


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == 2 and "COMMAND" in capsys.readouterr().err


def test_info(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert pynn.__version__ in out and np.__version__ in out
    assert re.search(r"^kernels +\w+, of ", out, re.M) and re.search(r"^threads +\d+$", out, re.M)


@pytest.mark.skipif(importlib.util.find_spec("mpi4py") is not None, reason="mpi4py is there")
def test_mpi_is_asked_for_in_words(tmp_path):
    result = pynn_("train", "--mpi", cwd=tmp_path)
    assert result.returncode == 1
    assert 'pynn: --mpi needs mpi4py and an MPI library with its mpiexec; pip install "pynn-from-scratch[mpi]" mpich' in result.stderr


OPTIONS = {"network": "two-layer", "input": [64], "hidden": [5], "outputs": 10, "activation": "relu", "init_std": None, "weight_decay": 0,
           "batchnorm": False, "dropout": 0, "loss": "softmax", "dtype": "float32"}


@pytest.mark.parametrize("text", [
    "", "[]", "5", "null", "{}", "[" * 100_000, "\ufeff", json.dumps({**OPTIONS, "hidden": []}), json.dumps({**OPTIONS, "activation": 5}),
    json.dumps({**OPTIONS, "input": 5}), json.dumps({**OPTIONS, "network": []}), json.dumps({**OPTIONS, "hidden": [1e400]}),
    json.dumps({**OPTIONS, "outputs": "a"})], ids=lambda text: text[:20])
def test_damaged_options_of_a_run(text, tmp_path, capsys):
    pynn.TwoLayerNet(64, 5, 10).save_params(tmp_path / "weights.npz")
    (tmp_path / "options.json").write_text(text, encoding="utf-8")
    assert main(["predict", str(tmp_path), "picture.png"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"pynn: {tmp_path / 'options.json'} is damaged, or no options of a run: ")


@pytest.mark.parametrize("params", [{"W\u00b2": np.ones((3, 3))}, {"W1": np.ones((0, 1, 0, 0)), "W2": np.ones((4, 4)), "W3": np.ones((3, 3))},
                                    {"W1": np.ones((0, 4)), "W2": np.ones((4, 0))}], ids=["a superscript", "empty filters", "empty"])
def test_parameters_of_no_network(params, tmp_path, capsys):
    np.savez(tmp_path / "w.npz", **params)
    assert main(["predict", str(tmp_path / "w.npz"), "picture.png"]) == 1
    assert capsys.readouterr().err.startswith(f"pynn: {tmp_path / 'w.npz'}: ")


def test_a_network_that_no_memory_holds(tmp_path, monkeypatch, capsys):
    def no_memory(*_, **__):
        raise MemoryError("Unable to allocate 477. GiB")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pynn.cli.architecture.build", no_memory)
    pytest.importorskip("sklearn")
    assert main(["train"]) == 1
    assert capsys.readouterr().err == "pynn: Unable to allocate 477. GiB\n" and not list(tmp_path.glob("runs/*"))


def test_an_empty_table(tmp_path, capsys, recwarn):
    (tmp_path / "empty.csv").write_text("")
    assert main(["train", "--data", str(tmp_path / "empty.csv")]) == 1
    assert "it is empty" in capsys.readouterr().err and not recwarn.list
