"""A graph as SVG text. Everything is said in attributes: a style sheet would reach the rest of the page."""

from html import escape

from pynn.plot.computational_graph.parts import FONT, LINE, SIGN

FORWARD, BACKWARD, LINES = "#0072B2", "#C04F00", "#8a8f98"
FILLS = {"input": "#eef2f7", "output": "#eef2f7", "layer": "#f6f4ee", "operation": "#ffffff"}
FAMILY = "Helvetica, Arial, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
LEGEND = 30         # pixels of the line at the bottom


class Picture:
    """An SVG picture: a notebook shows it, ``str`` gives its text, `save` writes it to a file."""

    def __init__(self, text):
        self._text = text

    def __str__(self):
        return self._text

    def _repr_svg_(self):
        return self._text

    def save(self, path):
        """Write an ``.svg`` file, which browsers open and slides and texts take in.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        if not str(path).lower().endswith(".svg"):
            raise ValueError(f"save: the file is {str(path)!r}; its name must end in .svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._text)

    def __repr__(self):
        return f"<SVG picture of {len(self._text):,} characters; show it as the last line of a cell, or .save('graph.svg')>"


def picture(boxes, edges, width, height, legend):
    """Draw what `layout` arranged.

    Parameters
    ----------
    boxes : list of Box
    edges : list of Edge
    width, height : float
    legend : pair of str
        What is above and what is below the lines; an empty string if there is nothing.
    """
    width = max(width, 260)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height + LEGEND:.0f}" '
             f'viewBox="0 0 {width:.0f} {height + LEGEND:.0f}" font-family="{FAMILY}" font-size="{FONT}" role="img" '
             'style="max-width:100%;height:auto">',
             "<title>Computational graph</title>",
             f'<rect width="{width:.0f}" height="{height + LEGEND:.0f}" rx="6" fill="#ffffff"/>',
             *map(_edge, edges), *map(_box, boxes), _legend(height, legend), "</svg>"]
    return Picture("\n".join(parts))


def _edge(edge):
    tip_x, tip_y = _tip(edge)
    above = _texts("value", edge.above, edge.x, edge.y - 6 - (len(edge.above) - 1) * LINE, FORWARD)
    below = _texts("gradient", edge.below, edge.x, edge.y + 15, BACKWARD)
    return (f'<g class="edge" data-from="{_name(edge.source)}" data-to="{_name(edge.target)}">'
            f'<path d="{edge.path}" fill="none" stroke="{LINES}" stroke-width="1.3"/>{_arrow(edge, tip_x, tip_y)}{above}{below}</g>')


def _tip(edge):
    return edge.target.left(edge.offset), edge.target.y + edge.offset


def _arrow(edge, x, y):
    if edge.target.kind == "branch":
        return ""
    return f'<path d="M{x:.1f} {y:.1f}l-8 -3.8v7.6z" fill="{LINES}"/>'


def _texts(kind, lines, x, y, colour):
    return "".join(f'<text class="{kind}" x="{x:.1f}" y="{y + i * LINE:.1f}" fill="{colour}" text-anchor="middle" '
                   f'xml:space="preserve">{escape(line)}</text>' for i, line in enumerate(lines))


def _box(box):
    x, y = box.x - box.width / 2, box.y - box.height / 2
    if box.kind in ("branch", "constant"):
        fill = LINES if box.kind == "branch" else "#ffffff"
        outline = f'<circle cx="{box.x:.1f}" cy="{box.y:.1f}" r="3.5" fill="{fill}" stroke="{LINES}"/>'
    else:
        radius, stroke = (SIGN, "#4a4f57") if box.kind == "operation" else (6, "#b9c0ca")
        outline = (f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}" '
                   f'fill="{FILLS[box.kind]}" stroke="{stroke}"/>')
    return f'<g class="{box.kind}">{outline}{"".join(_words(box))}</g>'


def _words(box):
    size = 17 if box.kind == "operation" and len(box.lines[0]) == 1 else FONT
    for i, line in enumerate(box.lines):
        y = box.y + size * 0.35 + (i - (len(box.lines) - 1) / 2) * LINE
        small = ' font-size="11" fill="#5b616b"' if i else f' font-size="{size}" fill="#1d2127"'
        bold = ' font-weight="bold"' if box.kind == "layer" and not i else ""
        yield f'<text x="{box.x:.1f}" y="{y:.1f}" text-anchor="middle"{small}{bold}>{escape(line)}</text>'


def _legend(top, legend):
    above, below = legend
    parts = [f'<tspan fill="{FORWARD}">above: {escape(above)} →</tspan>'] if above else []
    parts += [f'<tspan fill="{BACKWARD}">below: {escape(below)} ←</tspan>'] if below else []
    return f'<text x="14" y="{top + 14:.1f}" font-size="11" xml:space="preserve">{"    ".join(parts)}</text>'


def _name(box):
    return escape(box.lines[0] if box.lines else box.kind)
