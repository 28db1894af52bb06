"""How much an ONNX file may ask for, looked at before anything of it is built.

A message of two bytes becomes an object of a hundred or two, so messages are counted first, in the wire format of protobuf:
https://protobuf.dev/programming-guides/encoding
"""

from pynn.io.arrays import Refused

BYTES_A_MESSAGE = 8         # a file has at most one message for each,
FREE = 1000                 # beside these
DEEPEST = 20                # messages in messages; a model of pynn has 6
VARINT, EIGHT_BYTES, MESSAGE, FOUR_BYTES = 0, 1, 2, 5


def check_messages(data, descriptor):
    """Refuse bytes of more messages than they account for; `descriptor` says which fields of a message are messages."""
    most = FREE + len(data) // BYTES_A_MESSAGE
    waiting, count = [(memoryview(data), descriptor, 1)], 0
    while waiting:
        message, kind, depth = waiting.pop()
        if depth > DEEPEST:
            raise Refused(f"has messages in messages, more than {DEEPEST} deep")
        for number, value in _parts(message):
            field = kind.fields_by_number.get(number)
            if field is None or field.message_type is None:
                continue
            count += 1
            if count > most:
                raise Refused(f"its {len(data):,} bytes have more than {most:,} messages; nodes of networks take more room")
            waiting.append((value, field.message_type, depth + 1))


def _parts(data):
    """The fields of a message that have a length: their number and bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == VARINT:
            _, position = _varint(data, position)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            position += 8 if kind == EIGHT_BYTES else 4
        elif kind == MESSAGE:
            size, position = _varint(data, position)
            if size > len(data) - position:
                raise ValueError("it ends early")
            yield key >> 3, data[position:position + size]
            position += size
        else:
            raise ValueError(f"a field of it is of kind {kind}")


def _varint(data, position):
    """A whole number, seven bits a byte, and where it ends."""
    number = shift = 0
    while shift < 70:
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7
    raise ValueError("a number in it is longer than ten bytes")
