"""Damage: what bit rot, a broken program or an enemy does to a file."""

import gzip
import io
import re
import zipfile

NUMBERS = (0, 1, -1, 2, 7, 32, 64, 127, 128, 255, 256, 1000, 65535, 65536, 10**6, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
WORDS = (b"0", b"-1", b"1", b"2", b"1e999", b"9" * 20, b"9" * 5000, b"1.5", b"null", b"true", b"[]", b"{}", b'""', b'"x"', b'"W1"', b"NaN",
         b"[1,2]", b'{"a":1}', b"[" * 200, b"'O'", b"'<f8'", b"'<c16'", b"(2**9,)", b"()", b"(1,1)", b"x", b",", b"\xff", b"\0")
TOKEN = re.compile(rb"-?\d+(?:\.\d+)?|\"[^\"]*\"|'[^']*'|true|false|null|\[[^\[\]]*\]|\{[^{}]*\}")


def damaged(choose, data, other):
    """`data` after one to four accidents; `other` is a file of its kind, whole."""
    for _ in range(1 + choose(4)):
        data = ACCIDENTS[choose(len(ACCIDENTS))](choose, data, other)
    return data


def _part(choose, data):
    """Where a piece of the data begins and ends."""
    begin = choose(len(data) + 1)
    return begin, min(len(data), begin + (1 + choose(16) if choose(2) else choose(len(data) + 1)))


def _flip(choose, data, other):
    data = bytearray(data)
    for _ in range(1 + choose(4) if data else 0):
        data[choose(len(data))] ^= 1 << choose(8)
    return bytes(data)


def _cut(choose, data, other):
    return data[:choose(len(data) + 1)]


def _number(choose, data, other):
    """A number of 1, 2, 4 or 8 bytes, most often near the beginning or the end, where headers are."""
    size = 1 << choose(4)
    near = min(len(data), 64)
    at = (choose(near + 1), len(data) - choose(near + 1), choose(len(data) + 1))[choose(3)]
    number = NUMBERS[choose(len(NUMBERS))] % (1 << 8 * size)
    return data[:at] + number.to_bytes(size, ("little", "big")[choose(2)]) + data[at + size:]


def _word(choose, data, other):
    """A number, a text or a list in a header that is text."""
    tokens = list(TOKEN.finditer(data[:1 << 16]))
    if not tokens:
        return data
    token = tokens[choose(len(tokens))]
    return data[:token.start()] + WORDS[choose(len(WORDS))] + data[token.end():]


def _remove(choose, data, other):
    begin, end = _part(choose, data)
    return data[:begin] + data[end:]


def _repeat(choose, data, other):
    begin, end = _part(choose, data)
    return data[:end] + data[begin:end] * (1 + choose(3)) + data[end:]


def _splice(choose, data, other):
    begin, end = _part(choose, other)
    at = choose(len(data) + 1)
    return data[:at] + other[begin:end] + data[at + (end - begin) * choose(2):]


ACCIDENTS = (_flip, _number, _word, _cut, _remove, _repeat, _splice)


# ---- what is wrapped: damage inside, and the wrapping sound, or no check sum would let it through ----

def inside_gzip(choose, data, other):
    return gzip.compress(damaged(choose, gzip.decompress(data), gzip.decompress(other)), 1)


def inside_zip(choose, data, other):
    members, others = _members(data), _members(other)
    if not members or not others:
        return damaged(choose, data, other)
    for _ in range(1 + choose(2)):
        i = choose(len(members))
        name, content = members[i]
        how = choose(8)
        if how < 6:
            members[i] = name, damaged(choose, content, others[choose(len(others))][1])
        elif how == 6:
            members[i] = damaged(choose, name.encode(), b"W1.npy").decode("utf-8", "replace"), content
        else:
            members.insert(i, others[choose(len(others))])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[choose(2)]) as archive:
        for name, content in members:
            info = zipfile.ZipInfo()
            info.filename, info.compress_type = name or "x", archive.compression      # ZipInfo(name) would end it at a NUL
            archive.writestr(info, content)
    return buffer.getvalue()


def _members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def inside_safetensors(choose, data, other):
    size = int.from_bytes(data[:8], "little")
    header = damaged(choose, data[8:8 + size], other[8:])
    return len(header).to_bytes(8, "little") + header + data[8 + size:]
