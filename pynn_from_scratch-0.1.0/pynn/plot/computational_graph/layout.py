"""Where the boxes and the texts of a graph go: in columns from the inputs to the output.

Boxes and texts take turns: text has columns of its own, so it is never in the way of anything. An edge that passes a column
holds a place in it, and lines bend only between two columns. After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of
Hierarchical System Structures", 1981.
"""

GAP = 22            # pixels between columns, where the lines bend
ROOM = 8            # between two things in a column
MARGIN = 14
ORDERS = 12         # how often the order in the columns is improved
SWEEPS = 40         # and the levels


class Bend:
    """The place of an edge in a column where it only passes."""

    width = 0
    up = down = 5

    def __init__(self):
        self.x = self.y = 0


def arrange(boxes, edges):
    """Set the places of boxes and texts and the paths of the edges; return width and height of the picture.

    Parameters
    ----------
    boxes : list of Box
        Inputs before what is computed from them, the output last.
    edges : list of Edge
    """
    columns, chains = _columns(boxes, edges)
    before, after = _neighbours(edges, chains)
    _order(columns, before, after)
    for column in columns:
        _stack(column, [0] * len(column))
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            _stack(column, [_wish(before[id(item)] + after[id(item)], item) for item in column])
    for chain in chains * 2:        # a line may be in the way of another until it is straight itself
        _straighten(chain, columns)
    width, height = _place(columns)
    for edge, chain in zip(edges, chains):
        edge.path = _path(edge, chain)
    return width, height


def _columns(boxes, edges):
    """Every box as near to the output as its path allows, and what every edge leads through."""
    from_end = {id(box): 0 for box in boxes}
    for box in reversed(boxes):
        for edge in edges:
            if edge.target is box:
                from_end[id(edge.source)] = max(from_end[id(edge.source)], from_end[id(box)] + 1)
    last = max(from_end.values())
    columns = [[] for _ in range(2 * last + 1)]
    chains = {}

    def visit(box):
        place = 2 * (last - from_end[id(box)])
        columns[place].append(box)
        for edge in edges:
            if edge.target is box:
                start = 2 * (last - from_end[id(edge.source)])
                passed = [edge, *(Bend() for _ in range(start + 2, place))]
                for column, item in zip(columns[start + 1:place], passed):
                    column.append(item)
                chains[id(edge)] = [edge.source, *passed, box]
                if not any(edge.source is known for known in columns[start]):
                    visit(edge.source)
    visit(boxes[-1])
    return columns, [chains[id(edge)] for edge in edges]


def _neighbours(edges, chains):
    """For the id of every item what is linked to it from the left and what from the right, each with
    how much further down the item should be."""
    before = {id(item): [] for chain in chains for item in chain}
    after = {id(item): [] for chain in chains for item in chain}
    for edge, chain in zip(edges, chains):
        for a, b in zip(chain, chain[1:]):
            offset = edge.offset if b is edge.target else 0
            before[id(b)].append((a, -offset))
            after[id(a)].append((b, offset))
    return before, after


def _order(columns, before, after):
    """Sort columns by where the neighbours are; keep the order with the fewest crossings."""
    best, fewest = [list(column) for column in columns], _crossings(columns, after)
    for sweep in range(ORDERS):
        if not fewest:
            break
        near = before if sweep % 2 else after
        rank = {id(item): i for column in columns for i, item in enumerate(column)}
        for column in columns if sweep % 2 else reversed(columns):
            column.sort(key=lambda item: _mean([rank[id(other)] for other, _ in near[id(item)]], rank[id(item)]))
            rank.update((id(item), i) for i, item in enumerate(column))
        crossings = _crossings(columns, after)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    for column, order in zip(columns, best):
        column[:] = order


def _crossings(columns, after):
    """Pairs of lines that begin in one order and end in the other."""
    count = 0
    for left, right in zip(columns, columns[1:]):
        rank = {id(item): i for i, item in enumerate(right)}
        ends = [[(rank[id(other)], offset) for other, offset in after[id(item)]] for item in left]
        for i, above in enumerate(ends):
            count += sum(end > other for below in ends[i + 1:] for end in above for other in below)
    return count


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _wish(neighbours, item):
    """Where the item would like to be: level with its neighbours."""
    return _mean([other.y + offset for other, offset in neighbours], item.y)


def _stack(column, wishes):
    """Place the items as near to their wishes as order and room permit: the least squares, by pooling neighbours."""
    tops, total = [], 0
    for above, item in zip([None, *column], column):
        total += 0 if above is None else above.down + ROOM + item.up
        tops.append(total)
    pools = []
    for wish, top in zip(wishes, tops):
        pools.append([wish - top, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    levels = [level for level, count in pools for _ in range(count)]
    for item, level, top in zip(column, levels, tops):
        item.y = level + top


def _straighten(chain, columns):
    """Keep a line that passes columns on its level as far as the neighbours let it."""
    for before, item in zip(chain, chain[1:]):
        if isinstance(item, Bend):
            column = next(column for column in columns if item in column)
            i = column.index(item)
            over = [other.y + other.down + ROOM + item.up for other in column[:i][-1:]]
            under = [other.y - other.up - ROOM - item.down for other in column[i + 1:i + 2]]
            item.y = min([max([before.y, *over]), *under])


def _place(columns):
    """Set x, move everything down into the picture, and return its size."""
    right = MARGIN
    for column in columns:
        width = max(item.width for item in column)
        for item in column:
            item.x = right + width / 2
            item.column = right, right + width
        right += width + GAP
    top = min(item.y - item.up for column in columns for item in column)
    for column in columns:
        for item in column:
            item.y += MARGIN - top
    bottom = max(item.y + item.down for column in columns for item in column)
    return right - GAP + MARGIN, bottom + MARGIN


def _path(edge, chain):
    """Level through the columns, bent between them."""
    source, *passed, target = chain
    x, y = source.x + source.width / 2, source.y
    path = f"M{x:.1f} {y:.1f}H{source.column[1]:.1f}"
    x = source.column[1]
    for item in (*passed, target):
        level = item.y + (edge.offset if item is target else 0)
        left, right = item.column
        middle = (x + left) / 2
        path += f"C{middle:.1f} {y:.1f} {middle:.1f} {level:.1f} {left:.1f} {level:.1f}"
        path += f"H{target.left(edge.offset) - 1:.1f}" if item is target else f"H{right:.1f}"
        x, y = right, level
    return path
