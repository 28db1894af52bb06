"""Gates by their truth tables, and circuits of NAND by counting."""

from itertools import product

import numpy as np
import pytest

from pynn import perceptron
from pynn.perceptron import Perceptron, full_adder, half_adder, ripple_carry_adder

INPUTS = ([0, 1, 0, 1], [0, 0, 1, 1])


@pytest.mark.parametrize("gate, table", [("AND", [0, 0, 0, 1]), ("NAND", [1, 1, 1, 0]),
                                         ("OR", [0, 1, 1, 1]), ("XOR", [0, 1, 1, 0])])
def test_truth_tables(gate, table):
    gate = getattr(perceptron, gate)
    np.testing.assert_array_equal(gate(*INPUTS), table)
    for x1, x2, y in zip(*INPUTS, table):
        assert type(gate(x1, x2)) is int and gate(x1, x2) == y


def test_gates_broadcast():
    np.testing.assert_array_equal(perceptron.OR([[0], [1]], [0, 1, 0]), [[0, 1, 0], [1, 1, 1]])


def test_a_perceptron_of_three_inputs():
    majority = Perceptron([1, 1, 1], -1.5)
    bits = np.array(list(product((0, 1), repeat=3)))
    np.testing.assert_array_equal(majority(bits), bits.sum(axis=1) > 1.5)
    assert majority([1, 0, 1]) == 1 and majority.forward([0, 0, 1]) == 0


def test_it_does_not_fire_at_the_threshold():
    assert Perceptron([1.0], 0.0)([0.0]) == 0


def test_weights_and_bias_may_be_changed():
    p = Perceptron([0.5, 0.5], -0.7)
    p.b = -0.2
    assert p([1, 0]) == 1


def test_weights_of_a_wrong_shape():
    with pytest.raises(ValueError, match=r"Perceptron: w has 2 dimensions; .* \(n,\)"):
        Perceptron([[0.5, 0.5]], 0)


def test_half_and_full_adder():
    for a, b in product((0, 1), repeat=2):
        s, carry = half_adder(a, b)
        assert s + 2 * carry == a + b
        for c in (0, 1):
            s, carry = full_adder(a, b, c)
            assert s + 2 * carry == a + b + c


def test_four_bit_adder_adds_every_pair():
    a, b, carry = (axis.ravel() for axis in np.meshgrid(range(16), range(16), range(2)))
    bits, carry_out = ripple_carry_adder([a >> i & 1 for i in range(4)], [b >> i & 1 for i in range(4)], carry)
    assert len(bits) == 4
    total = sum(bit << i for i, bit in enumerate(bits)) + (carry_out << 4)
    np.testing.assert_array_equal(total, a + b + carry)


def test_adder_of_single_bits():
    assert ripple_carry_adder([0, 1, 1, 0], [1, 1, 1, 0]) == ([1, 0, 1, 1], 0)     # 6 + 7


def test_the_circuits_are_made_of_nand_alone(monkeypatch):
    gates = []
    nand = perceptron.NAND
    monkeypatch.setattr(perceptron, "NAND", lambda x1, x2: gates.append(1) or nand(x1, x2))
    for name in ("AND", "OR", "XOR"):
        monkeypatch.setattr(perceptron, name, None)
    half_adder(1, 1)
    assert len(gates) == 5
    full_adder(1, 0, 1)
    assert len(gates) == 5 + 9


def test_numbers_of_different_widths():
    with pytest.raises(ValueError, match="a has 2 bits but b has 3; pad the shorter"):
        ripple_carry_adder([0, 1], [1, 1, 0])
