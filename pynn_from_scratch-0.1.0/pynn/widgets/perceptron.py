"""A perceptron whose weights and bias are sliders (section 2.3)."""

import traitlets

import pynn.perceptron as gates
from pynn.widgets.base import Widget, new_figure, one_of, source

GATES = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
INPUTS = [(0, 0), (1, 0), (0, 1), (1, 1)]


class Perceptron(Widget):
    """Sliders for w1, w2 and b beside the line ``w1 x1 + w2 x2 + b = 0`` and the truth table of a gate.

    Parameters
    ----------
    gate : {'AND', 'NAND', 'OR', 'XOR'}
        What the perceptron shall become.
    w1, w2, b : float
        Where the sliders stand; they go from -2 to 2.
    lang : {'en', 'zh'}

    Attributes
    ----------
    neuron : pynn.Perceptron
        The perceptron of the sliders.
    outputs : list of int
        What it gives for (0, 0), (1, 0), (0, 1) and (1, 1).
    """

    _esm = source("perceptron")
    gate = traitlets.Unicode().tag(sync=True)
    w1 = traitlets.Float().tag(sync=True)
    w2 = traitlets.Float().tag(sync=True)
    b = traitlets.Float().tag(sync=True)

    def __init__(self, gate="AND", w1=0.5, w2=0.5, b=-0.7, *, lang="en"):
        super().__init__(lang=lang, gate=gate, w1=w1, w2=w2, b=b)

    @traitlets.validate("gate")
    def _check_gate(self, proposal):
        return one_of(self, "gate", proposal.value, GATES)

    @property
    def neuron(self):
        return gates.Perceptron([self.w1, self.w2], self.b)

    @property
    def outputs(self):
        return self.neuron(INPUTS).tolist()

    def still(self):
        """Draw the line and the truth table, as a Matplotlib Figure."""
        from pynn.plot import plot_decision_boundary
        figure = new_figure(7.5, 3.2)
        ax, table = figure.subplots(ncols=2)
        neuron, outputs = self.neuron, self.outputs
        plot_decision_boundary(lambda x1, x2: neuron([*zip(x1, x2)]), ax=ax)
        for (x1, x2), want in zip(INPUTS, GATES[self.gate]):
            ax.plot(x1, x2, "o" if want else "^", color="C0" if want else "C1", markersize=10)
        ax.set_title(f"w1 = {self.w1:g}, w2 = {self.w2:g}, b = {self.b:g}", fontsize=10)
        rows = [[x1, x2, f"{x1 * self.w1 + x2 * self.w2 + self.b:.2f}", y, want]
                for (x1, x2), y, want in zip(INPUTS, outputs, GATES[self.gate])]
        table.axis("off")
        table.table(rows, colLabels=["x1", "x2", "sum", "y", self.gate], loc="center", cellLoc="center").scale(1, 1.6)
        return figure
