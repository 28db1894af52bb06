"""What a gradient check found, as a table, as HTML and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pynn._typing import Array
    from pynn.check.hypothesis import Diagnosis


class ParameterCheck(NamedTuple):
    """The entry of one array where the two gradients differ most, kinks aside."""

    name: str
    shape: tuple[int, ...]
    error: float
    index: tuple[int, ...]      # type: ignore[assignment]     # hides the method of a tuple
    backprop: float
    numerical: float
    kinks: int
    off: int
    checked: int
    problem: str = ""


class GradientCheck:
    """What `gradient_check` found. It is true if all entries agree, and prints as a table.

    Attributes
    ----------
    ok : bool
    tol : float
    parameters : list of ParameterCheck
        For each array its largest relative `error`, the `index` of that entry with both values, how many entries were
        `checked`, set aside as `kinks`, and are `off` by more than `tol`; `problem` says in words why there is nothing to
        compare.
    worst : ParameterCheck
        The one with the largest error.
    diagnoses : list of Diagnosis
        What is likely wrong, the best explanation first. Empty for most right gradients; a right one may have a remark.
    diagnosis : Diagnosis or None
        The first of them.
    errors : dict of str to ndarray
        The relative error of every entry, NaN where none was measured.
    """

    def __init__(self, name: str, parameters: list[ParameterCheck], tol: float, diagnoses: Iterable[Diagnosis] = (),
                 errors: dict[str, Array] | None = None, by_step: Any = None, remarks: Iterable[str] = ()) -> None:
        self.name = name
        self.parameters = parameters
        self.tol = tol
        self.diagnoses = list(diagnoses)
        self.errors = errors or {}
        self.remarks = list(remarks)
        self.ok = all(p.off == 0 and not p.problem for p in parameters) and not any(d.wrong for d in self.diagnoses)
        self._by_step = by_step

    @property
    def worst(self) -> ParameterCheck | None:
        return max(self.parameters, key=lambda p: (bool(p.problem), p.error), default=None)

    @property
    def diagnosis(self) -> Diagnosis | None:
        return self.diagnoses[0] if self.diagnoses else None

    def __bool__(self) -> bool:
        return self.ok

    def assert_ok(self) -> None:
        """Raise AssertionError with the whole report unless all entries agree: for a test of one's own."""
        if not self.ok:
            raise AssertionError(str(self))

    def _headline(self):
        wrong = ", ".join(f"{p.name}{list(p.index) if not p.problem else ''}" for p in self.parameters if p.off or p.problem)
        says = "passed" if self.ok else f"failed at {wrong}" if wrong else "failed"
        return f"gradient check {says} (tolerance {self.tol:g})"

    def _below(self):
        lines = dict.fromkeys(p.problem for p in self.parameters if p.problem)      # each once
        return list(lines) + [str(d) for d in self.diagnoses] + self.remarks

    def __str__(self) -> str:
        lines = [self._headline(),
                 f"{'':8}{'shape':>16}  {'rel. error':>10}  {'at':>16}  {'backprop':>12}  {'numerical':>12}"
                 f"  {'checked':>7}  {'kinks':>6}  {'off':>6}"]
        for p in self.parameters:
            lines.append(f"{p.name:8}{p.shape!s:>16}  {p.error:>10.1e}  {list(p.index)!s:>16}  {p.backprop:>12.5e}"
                         f"  {p.numerical:>12.5e}  {p.checked:>7}  {p.kinks:>6}  {p.off:>6}")
        return "\n".join(lines + self._below())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html
        titles = ["", "shape", "rel. error", "at", "backprop", "numerical", "checked", "kinks", "off"]
        rows = [[p.name, p.shape, f"{p.error:.1e}", list(p.index), f"{p.backprop:.5e}", f"{p.numerical:.5e}", p.checked,
                 p.kinks, p.off] for p in self.parameters]
        head = "".join(f"<th>{title}</th>" for title in titles)
        body = "".join(f'<tr style="color:{"#b00020" if p.off or p.problem else "inherit"}">'
                       + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
                       for p, row in zip(self.parameters, rows))
        below = "".join(f"<p>{html.escape(line)}</p>" for line in self._below())
        return f"<p><b>{html.escape(self._headline())}</b></p><table><tr>{head}</tr>{body}</table>{below}"

    def plot(self, axes: Any = None) -> Any:
        """Draw the error of every entry of each array as a heat map, and the error of its worst entry against the step h.

        Parameters
        ----------
        axes : sequence of Axes, optional
            One for each array that was compared, and one more for the curves.

        Returns
        -------
        ndarray of Axes
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError('GradientCheck.plot needs Matplotlib; pip install "pynn-from-scratch[plot]"') from error
        if axes is None:
            count = len(self.errors) + 1
            columns = min(count, 3)
            rows = -(-count // columns)
            axes = plt.subplots(rows, columns, figsize=(4 * columns, 3.2 * rows), layout="constrained", squeeze=False)[1]
        axes = np.ravel(axes)
        for ax, (name, relative) in zip(axes, self.errors.items()):
            self._heat_map(ax, name, relative)
        self._curves(axes[len(self.errors)])
        for ax in axes[len(self.errors) + 1:]:
            ax.axis("off")
        return axes

    def _heat_map(self, ax, name, error):
        flat = np.atleast_2d(error if error.ndim <= 2 else error.reshape(len(error), -1))
        decades = np.log10(np.clip(flat, 1e-12, 1))
        image = ax.imshow(decades, vmin=-12, vmax=0, cmap="RdYlGn_r", aspect="auto", interpolation="nearest")
        ax.set_facecolor("0.85")
        ax.set_title(f"{name} {error.shape}", fontsize=10)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.yaxis.get_major_locator().set_params(integer=True)
        if error.ndim == 1:
            ax.set_yticks([])
        bar = ax.figure.colorbar(image, ax=ax, ticks=[-12, -8, -4, 0])
        bar.ax.set_yticklabels(["$10^{-12}$", "$10^{-8}$", "$10^{-4}$", "1"])
        bar.set_label("relative error")

    def _curves(self, ax):
        for name, (steps, errors) in (self._by_step() if self._by_step else {}).items():
            ax.loglog(steps, np.maximum(errors, 1e-16), marker=".", label=name)
        ax.axhline(self.tol, color="0.5", linestyle="--", linewidth=1, label="tolerance")
        ax.set(xlabel="step h", ylabel="relative error of the worst entry", title="Error against h")
        ax.title.set_fontsize(10)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize=8)
