"""What a look at a network's health finds, and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Finding(NamedTuple):
    """Something to look at.

    Attributes
    ----------
    code : str
        A short name; docs/checks.md lists them.
    says, advice : str
        What was seen, and what to do.
    section : str
        Of the book.
    fatal : bool
        Whether nothing else can be looked at before it is put right.
    remark : bool
        Whether it is as it should be, or may be.
    """

    code: str
    says: str
    advice: str
    section: str
    fatal: bool = False
    remark: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.remark else '!'} {self.code}: {self.says}; {self.advice} (section {self.section})"


class HealthReport:
    """What `diagnose` found. It is true if there is nothing to look at, and prints as a short text with two tables.

    Attributes
    ----------
    ok : bool
    findings : list of Finding
    layers : list of dict
        For each layer ``name``, ``mean`` and ``std`` of its output, and ``idle``, the share of units that are dead (ReLU) or of
        values that are saturated (sigmoid, tanh), None for other layers. Empty for a network without layers to look into.
    params : list of dict
        For each parameter ``name``, the root mean squares ``size`` of its values and ``gradient`` of its gradient, and
        ``update``, by what share of its size a step of SGD would change it, None for a parameter of zeros.
    """

    def __init__(self, name: str, findings: Iterable[Finding], layers: Iterable[dict[str, Any]] = (),
                 params: Iterable[dict[str, Any]] = (), lr: float = 0.1) -> None:
        self.name, self.findings, self.layers, self.params, self.lr = name, list(findings), list(layers), list(params), lr
        self.ok = all(finding.remark for finding in self.findings)

    def __bool__(self) -> bool:
        return self.ok

    @property
    def codes(self) -> list[str]:
        """The codes of what there is to look at."""
        return [finding.code for finding in self.findings if not finding.remark]

    def _headline(self):
        count = len(self.codes)
        return f"{self.name}: " + ("nothing suspicious" if self.ok else f"{count} thing{'s' * (count > 1)} to look at")

    def _tables(self):
        """(titles, rows of cells) of each table."""
        if self.layers:
            yield ["layer", "mean", "std", "dead or saturated"], [
                [row["name"], f"{row['mean']:.3g}", f"{row['std']:.3g}", "" if row["idle"] is None else f"{row['idle']:.0%}"]
                for row in self.layers]
        if self.params:
            yield ["parameter", "size", "gradient", f"update, lr {self.lr:g}"], [
                [row["name"], f"{row['size']:.3g}", f"{row['gradient']:.3g}",
                 "" if row["update"] is None else f"{row['update']:.2g}"] for row in self.params]

    def __str__(self) -> str:
        lines = [self._headline(), *map(str, self.findings)]
        for titles, rows in self._tables():
            lines.append("")
            for row in [titles, *rows]:
                lines.append(f"{row[0]:22}" + "".join(f"{cell:>18}" for cell in row[1:]))
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html
        def row(cells, tag="td"):
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        items = "".join(f"<li>{html.escape(str(finding)[2:])}</li>" for finding in self.findings)
        tables = "".join(f"<table>{row(titles, 'th')}{''.join(map(row, rows))}</table>" for titles, rows in self._tables())
        return f"<p><b>{html.escape(self._headline())}</b></p><ul>{items}</ul>{tables}"
