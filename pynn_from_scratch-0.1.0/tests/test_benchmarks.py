"""The benchmarks measure the right thing and refuse a wrong result; no time is judged here."""

import numpy as np
import pytest

from benchmarks import data, distributed, gemm, machine, peers, processes, results, simulate, steps, targets, timing


@pytest.fixture(scope="module")
def bench():
    with timing.Bench(machine.cpus(), [1], quick=True) as bench:
        yield bench


def test_contestants_take_turns_on_one_case(bench):
    case = gemm.case(8, 9, 10, "dW", "float32")
    rows = bench.compare("gemm", case, ["pynn", "numpy"], 1)
    assert [row["peer"] for row in rows] == ["pynn", "numpy"]
    for row in rows:
        assert 0 < row["low"] <= row["seconds"] <= row["high"]
        assert row["error"] <= row["bound"]
    assert rows[0]["ratio"] == 1


def test_a_peer_that_cannot_run_is_named(bench):
    case = steps.case("SimpleConvNet", "float32", 1)
    ready = bench.prepare("steps", case, ["jax"], 1)
    assert not ready and any(reason.startswith("jax: ") for reason in bench.missing)


@pytest.mark.parametrize("kind, a, b", [("forward", (2, 3), (3, 4)), ("dW", (2, 3), (3, 4)),
                                        ("dx", (2, 3), (3, 4)), ("square", (2, 3), (3, 4))])
def test_operands_have_the_shape_of_the_case_and_transposes_are_views(kind, a, b):
    left, right = gemm.operands(gemm.case(2, 3, 4, kind, "float64"))
    assert (left.shape, right.shape) == (a, b)
    assert (left.base is not None) == (kind == "dW") and (right.base is not None) == (kind == "dx")


def test_a_wrong_product_exceeds_its_bound():
    class Wrong:
        @staticmethod
        def matmul(a, b):
            return (a @ b) * np.float32(1 + 1e-4)

    *_, error, bound = gemm.prepare(Wrong, gemm.case(16, 16, 16, "square", "float32"))
    assert error > bound


def test_the_reference_is_loaded_without_pynn():
    library = peers.reference()
    assert library.__name__ == "pynn_reference"
    assert library.TwoLayerNet.__module__.startswith("pynn_reference.")


def test_targets_are_judged_from_the_records():
    def row(name, ratio):
        return {"group": "gemm", "name": name, "dtype": "float32", "threads": 1, "peer": "numpy",
                "ratio": ratio}

    good = results.Results([row("a", 1.3), row("b", 1.5)])
    assert [kept for _, _, kept in targets.targets(good, None)] == [True, True]
    bad = results.Results([row("a", 0.9), row("b", 1.2)])
    assert [kept for _, _, kept in targets.targets(bad, None)] == [False, False]


def test_roofs_are_alike_before_and_after_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_rate", lambda *_: 1.0)
    roofs = machine.measure([1, 2])
    if roofs is None:
        pytest.skip("no C compiler")
    results.save(tmp_path / "results.json", {"roofs": roofs}, [])
    assert results.load(tmp_path / "results.json")[0]["roofs"] == roofs


def test_flops_are_those_of_the_products():
    forward = 100 * 784 * 50 + 100 * 50 * 10
    without_dx = 100 * 784 * 50
    assert steps.flops("TwoLayerNet", 100, 50) == 2 * (3 * forward - without_dx)


def test_the_model_of_many_machines():
    link = 1e-6, 1e9
    assert distributed.allreduce(10**6, 1, link) == 0
    assert distributed.allreduce(8, 256, link) == pytest.approx(8 * (1e-6 + 8e-9))              # all in eight rounds
    assert distributed.allreduce(10**6, 256, link) == pytest.approx(16e-6 + 2e-3 * 255 / 256)     # in parts
    network = {"shares": [1, 100], "seconds": [1e-4, 1e-2], "bytes": 4 * 10**6, "sums": [], "draws": 0, "seconds_of_a_draw": 0}
    free, slow = (0, 1e30), (0, 1e9)
    assert distributed.gain(network, 100, 50, free, weak=False) == pytest.approx(50)
    assert distributed.gain(network, 100, 50, free, weak=True) == pytest.approx(50)
    assert distributed.crossing(network, 100, free, weak=True) is None
    # 1e-2 / N seconds of computing against 8e-3 (1 - 1 / N) of sending parts, or 4e-3 for two ranks
    assert distributed.crossing(network, 100, slow, weak=False) == 3


COSTS = simulate.Costs(claim=1e-8, start=1e-6, signal=2e-6, wake=9e-6, join=1e-6)
FREE = simulate.Costs(0, 0, 0, 0, 0)


@pytest.mark.parametrize("threads, expected", [(1, 12), (2, 6), (4, 3), (5, 3), (12, 1), (64, 1)])
def test_a_pool_that_costs_nothing_shares_equal_chunks_evenly(threads, expected):
    region = simulate.Region(0, (1.0,) * 12)
    assert simulate.shared(region, threads, FREE) == expected


def test_a_worker_that_is_awake_costs_its_start_and_the_join():
    region = simulate.Region(0, (1e-3, 1e-3))
    assert simulate.shared(region, 2, COSTS) == pytest.approx(1e-6 + 1e-8 + 1e-3 + 1e-6)


def test_a_sleeping_worker_is_signalled_before_the_callers_first_chunk():
    region = simulate.Region(1e-3, (1e-3, 1e-3))
    assert simulate.shared(region, 2, COSTS) == pytest.approx(9e-6 + 1e-8 + 1e-3 + 1e-6)
    # a caller whose chunks are short has done all before the sleeper comes
    assert simulate.shared(simulate.Region(1e-3, (1e-6, 1e-6)), 2, COSTS) == pytest.approx(2e-6 + 2 * (1e-8 + 1e-6))


def test_claims_pass_the_counter_one_after_the_other():
    costs = FREE._replace(claim=1e-6)
    assert simulate.shared(simulate.Region(0, (0.0,) * 100), 64, costs) == pytest.approx(100e-6)


def test_serial_work_bounds_a_step():
    regions = [simulate.Region(0, (1.0,) * 64), simulate.Region(0, (1.0,) * 64)]
    assert simulate.step(regions, 2.0, 1, FREE) == 130
    assert simulate.step(regions, 2.0, 64, FREE) == 4


def test_sleepers_are_woken_four_at_a_time_between_the_callers_chunks():
    # at work are 5, 9, 13, 17 and 21 threads, which makes 65 chunks
    assert simulate.shared(simulate.Region(1.0, (1.0,) * 64), 64, FREE) == 5


def test_scaling_stops_where_a_doubling_gains_little():
    assert simulate.stops({1: 10.0, 2: 5.0, 4: 4.5, 8: 2.0}) == 2
    assert simulate.stops({1: 8.0, 2: 4.0, 4: 2.0}) == 4


def test_a_program_with_another_result_ends_the_run():
    programs = {"pynn": (["-c", "print(1)"], {}), "numpy": (["-c", "print('begin'); print(2)"], {})}
    case = {"group": "script", "name": "a", "dtype": "float64"}

    def run(bound):
        return list(processes.in_turns(case, programs, machine.cpus()[:1], 1, lambda printed: {
            peer: (abs(int(line) - 1), bound) for peer, line in printed.items()}))

    rows = run(bound=1)
    assert [row["peer"] for row in rows] == ["pynn", "numpy"] and rows[0]["ratio"] == 1
    with pytest.raises(ArithmeticError, match="numpy"):
        run(bound=0.5)


def test_synthetic_data_have_the_form_of_mnist():
    x, t, x_test, t_test = data.synthetic()
    assert (x.shape, t.shape, x_test.shape, t_test.shape) == ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
    assert {array.dtype for array in (x, t, x_test, t_test)} == {np.dtype("u1")}


def test_the_better_layout_of_pytorch_is_the_one_to_beat():
    def row(peer, seconds, ratio):
        return {"group": "steps", "name": "DeepConvNet", "dtype": "float32", "threads": 1, "peer": peer, "seconds": seconds,
                "ratio": ratio}

    found = results.Results([row("pynn", 1.0, 1.0), row("torch", 4.0, 4.0), row("torch channels_last", 2.0, 2.0)])
    judged = {promise: (measured, kept) for promise, measured, kept in targets.targets(found, None)}
    [(measured, kept)] = [value for promise, value in judged.items() if "better layout" in promise]
    assert measured == "2.00 (channels_last)" and not kept
