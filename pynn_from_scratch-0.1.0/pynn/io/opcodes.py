"""Reading the instructions of a pickle before any of them is run.

The unpickler trusts what it is told: a few bytes can number its memo so high
that it reserves gigabytes, announce a string longer than the file, or nest
tuples so deep that hashing them ends Python.  Here a pickle runs on stand-ins
that only know how deep they are, and what it asks for is held against its
length.  (pickletools does not read the strings of Python 2 in protocol 0.)
"""

import pickle as op

from pynn.io.arrays import Refused

DEEPEST = 32                    # tuples, lists and dicts within each other; arrays need 5
PER_PART = 4                    # bytes of the file for each tuple, list, dict or call; arrays have 5 and more,
SLACK = 256                     # and very short files this many bytes beyond their own

_NOTHING, _LINE, _TWO_LINES = 0, "line", "two lines"
_COUNTS = {op.SHORT_BINSTRING: 1, op.SHORT_BINBYTES: 1, op.SHORT_BINUNICODE: 1, op.LONG1: 1,
           op.BINSTRING: 4, op.BINBYTES: 4, op.BINUNICODE: 4, op.LONG4: 4,
           op.BINUNICODE8: 8, op.BINBYTES8: 8, op.BYTEARRAY8: 8}        # bytes that tell how many follow
_CONSTANTS = {op.NONE: 0, op.NEWTRUE: 0, op.NEWFALSE: 0, op.EMPTY_TUPLE: 0,
              op.BININT1: 1, op.BININT2: 2, op.BININT: 4, op.BINFLOAT: 8,
              op.INT: _LINE, op.LONG: _LINE, op.FLOAT: _LINE, op.STRING: _LINE, op.UNICODE: _LINE,
              op.GLOBAL: _TWO_LINES}
_PUTS = {op.PUT: _LINE, op.BINPUT: 1, op.LONG_BINPUT: 4}
_GETS = {op.GET: _LINE, op.BINGET: 1, op.LONG_BINGET: 4}
_MAKES = {op.EMPTY_LIST: 0, op.EMPTY_DICT: 0, op.TUPLE1: 1, op.TUPLE2: 2, op.TUPLE3: 3, op.STACK_GLOBAL: 2, op.REDUCE: 2,
          op.TUPLE: None, op.LIST: None, op.DICT: None}     # how many objects it takes; None: all since the mark
_ADDS = {op.APPEND: 1, op.SETITEM: 2, op.BUILD: 1, op.APPENDS: None, op.SETITEMS: None}
_PAIRS = (op.DICT, op.SETITEM, op.SETITEMS)


class _Part:
    """Stands for a tuple, list, dict, or the result of a call."""

    __slots__ = ("depth", "pairs")

    def __init__(self):
        self.depth = 1
        self.pairs = 0


class _Constant:
    depth = 0


def scan(data):
    """Return how many names the pickle gives to its outermost dict; raise Refused if it costs more than it is."""
    return _Scan(data).run()


class _Scan:
    def __init__(self, data):
        self.data = data
        self.position = 0
        self.stack = []
        self.marks = []
        self.memo = []
        self.memoized = 0
        self.parts = 0

    def run(self):
        try:
            while (code := self._take(1)) != op.STOP:
                self._step(code)
            root = self.stack.pop()
        except IndexError:
            raise Refused(f"takes what was never put there, before byte {self.position}") from None
        if self.position < len(self.data):
            raise Refused(f"ends at byte {self.position}, but the file goes on")
        return getattr(root, "pairs", 0)

    def _step(self, code):
        stack = self.stack
        if code in _COUNTS:
            self._skip(self._number(_COUNTS[code]))
            stack.append(_Constant)
        elif code in _CONSTANTS:
            self._argument(_CONSTANTS[code])
            stack.append(_Constant)
        elif code in _PUTS:
            self._put(self._number(_PUTS[code]))
        elif code == op.MEMOIZE:
            self._put(self.memoized)
        elif code in _GETS:
            stack.append(self._get(self._number(_GETS[code])))
        elif code in _MAKES:
            self._make(code, self._taken(_MAKES[code]))
        elif code in _ADDS:
            self._add(code, self._taken(_ADDS[code]))
        elif code == op.MARK:
            self._mark()
        elif code == op.DUP:
            stack.append(stack[-1])
        elif code == op.POP_MARK or code == op.POP and self.marks and self.marks[-1] == len(stack):
            self._taken(None)
        elif code == op.POP:
            stack.pop()
        elif code == op.FRAME:
            if self._number(8) > len(self.data) - self.position:
                raise Refused("announces more bytes than the file has")
        elif code == op.PROTO:
            self._skip(1)
        else:
            raise Refused(f"uses the instruction {code!r} at byte {self.position - 1}, which no dict of arrays needs")

    def _skip(self, count):
        if count > len(self.data) - self.position:
            raise Refused(f"is cut short, or announces more bytes than the file has, at byte {self.position}")
        self.position += count

    def _take(self, count):
        self._skip(count)
        return self.data[self.position - count:self.position]

    def _argument(self, form):
        if isinstance(form, int):
            return self._take(form)
        end = self.data.find(b"\n", self.position) + 1
        if not end:
            raise Refused(f"is cut short at byte {self.position}")
        line = self._take(end - self.position)
        return self._argument(_LINE) if form == _TWO_LINES else line

    def _number(self, form):
        text = self._argument(form)
        return int(text) if form == _LINE else int.from_bytes(text, "little")

    def _put(self, index):
        if not 0 <= index < len(self.data):
            raise Refused(f"numbers an object {index}, more than a file of {len(self.data)} bytes can have")
        self.memo += [None] * (index + 1 - len(self.memo))
        self.memoized += self.memo[index] is None
        self.memo[index] = self.stack[-1]

    def _get(self, index):
        if index < 0 or self.memo[index] is None:
            raise IndexError
        return self.memo[index]

    def _mark(self):
        if len(self.marks) == DEEPEST:
            raise Refused(f"nests tuples, lists or dicts more than {DEEPEST} deep")
        self.marks.append(len(self.stack))

    def _taken(self, count):
        """Remove the last `count` objects from the stack, or all since the last mark."""
        start = self.marks.pop() if count is None else len(self.stack) - count
        if start < 0 or start > len(self.stack):
            raise IndexError
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _make(self, code, items):
        self.stack.append(_Part())
        self._add(code, items)

    def _add(self, code, items):
        """Put `items` into the object on top of the stack."""
        part = self.stack[-1]
        if part is _Constant:
            raise Refused(f"changes what cannot be changed, before byte {self.position}")
        part.depth = max([part.depth, *(item.depth + 1 for item in items)])
        part.pairs += len(items) // 2 if code in _PAIRS else 0
        self.parts += 1
        if part.depth > DEEPEST:
            raise Refused(f"nests tuples, lists or dicts more than {DEEPEST} deep")
        if self.parts * PER_PART > len(self.data) + SLACK:
            raise Refused(f"builds more tuples, lists and dicts than a file of {len(self.data)} bytes of arrays has")
