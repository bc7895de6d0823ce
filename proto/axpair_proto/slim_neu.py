"""The edges of a `.slim_neu`, the NPU part of a joint: a FlatBuffer whose schema the vendor doesn't publish.

What is read was found in the joints of AXERA-TECH/ax-models: field 7 of the root holds another FlatBuffer, whose field
0 lists inputs and outputs, each with its name (0), its shape (3) and its bits an element (4); fields 6 and 7 of the
root's field 2 list the same tensors as files, "NAME.bin", with their sizes in bytes (4). A shape counts only where both
agree.
"""

import math
import struct
from collections.abc import Iterator

Shape = tuple[int, ...]
MAX_TENSORS = 4096
MAX_RANK = 16
_MAX_NAME_BYTES = 1 << 12


def edge_shapes(data: bytes) -> dict[str, tuple[Shape, int]]:
    """Tensor name to shape and bits an element, of those inputs and outputs that are certain; empty where none is."""
    try:
        root = _Table.root(data)
        nested, files = root.bytes_at(7), root.table_at(2)
        if nested is None or files is None:
            return {}
        sizes = {name: table.uint32_at(4) for field in (6, 7) for name, table in _named(files, field)}
        found: dict[str, tuple[Shape, int]] = {}
        for name, tensor in _named(_Table.root(nested), 0):
            shape, bits = tensor.int32s_at(3), tensor.uint8_at(4)
            if shape and bits and math.prod(shape) * bits == 8 * sizes.get(f"{name}.bin", 0):
                found[name] = shape, bits
        return found
    except (struct.error, ValueError):
        return {}


def is_neu(data: bytes) -> bool:
    """Whether the bytes begin as a compiled part does: a FlatBuffer whose root table is sound and names its files, or
    holds parts of such a kind (`params`, `~runtime_mcode_buffer_...` and the like stand in it as plain strings)."""
    try:
        offset = struct.unpack_from("<I", data)[0]
        if not 0x10 <= offset <= 0x80:
            return False
        _Table.root(data)
    except (struct.error, ValueError):
        return False
    return any(word in data for word in (b"params", b"ddr_swap", b"_ocm_base", b"ax620_model", b"runtime_mcode"))


def _named(table: "_Table", field: int) -> "Iterator[tuple[str, _Table]]":
    for entry in table.tables_at(field):
        if name := entry.text_at(0):
            yield name, entry


class _Table:
    """One table of a FlatBuffer. Raises struct.error or ValueError where an offset leads out of the buffer."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        vtable = position - self._int32(position)
        length, _ = struct.unpack_from("<HH", data, _inside(data, vtable))
        if length < 4 or length % 2:
            raise ValueError("no vtable")
        offsets = struct.unpack_from(f"<{(length - 4) // 2}H", data, vtable + 4)
        self._fields = {index: position + offset for index, offset in enumerate(offsets) if offset}

    @staticmethod
    def root(data: bytes) -> "_Table":
        return _Table(data, _inside(data, struct.unpack_from("<I", data)[0]))

    def uint8_at(self, field: int) -> int:
        place = self._fields.get(field)
        return self._data[_inside(self._data, place)] if place is not None else 0

    def uint32_at(self, field: int) -> int:
        place = self._fields.get(field)
        return int(struct.unpack_from("<I", self._data, place)[0]) if place is not None else 0

    def table_at(self, field: int) -> "_Table | None":
        place = self._target(field)
        return _Table(self._data, place) if place is not None else None

    def tables_at(self, field: int) -> "Iterator[_Table]":
        place = self._target(field)
        if place is None:
            return
        for index in range(self._count(place, 4, MAX_TENSORS)):
            entry = place + 4 + 4 * index
            yield _Table(self._data, _inside(self._data, entry + struct.unpack_from("<I", self._data, entry)[0]))

    def text_at(self, field: int) -> str:
        place = self._target(field)
        if place is None:
            return ""
        count = self._count(place, 1, _MAX_NAME_BYTES)
        return self._data[place + 4 : place + 4 + count].decode("utf-8", "replace")

    def bytes_at(self, field: int) -> "bytes | None":
        place = self._target(field)
        return self._data[place + 4 : place + 4 + self._count(place, 1, len(self._data))] if place is not None else None

    def int32s_at(self, field: int) -> Shape:
        place = self._target(field)
        if place is None:
            return ()
        lengths = struct.unpack_from(f"<{self._count(place, 4, MAX_RANK)}i", self._data, place + 4)
        return tuple(lengths) if all(length > 0 for length in lengths) else ()

    def _target(self, field: int) -> "int | None":
        place = self._fields.get(field)
        if place is None:
            return None
        return _inside(self._data, place + int(struct.unpack_from("<I", self._data, place)[0]))

    def _count(self, place: int, item_bytes: int, most: int) -> int:
        count = int(struct.unpack_from("<I", self._data, place)[0])
        if count > most or place + 4 + count * item_bytes > len(self._data):
            raise ValueError("a vector that leads out of the buffer")
        return count

    def _int32(self, position: int) -> int:
        return int(struct.unpack_from("<i", self._data, position)[0])


def _inside(data: bytes, position: int) -> int:
    if not 0 <= position < len(data):
        raise ValueError("an offset that leads out of the buffer")
    return position
