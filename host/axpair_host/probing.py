"""The probe's input: another one than the case's, so that a stale answer shows."""

from axpair_proto.dtypes import ITEM_BYTES

_OTHER_SHADES = bytes(value ^ 0x55 for value in range(256))


def probe_input(data: bytes, dtype: str) -> bytes:
    """All elements moved towards the end by half their number, those that fall out at the front: np.roll(x, n // 2).
    Those of uint8 also change shade (XOR 0x55).

    Runs.Run with want_probe does the same on the board.
    """
    item = ITEM_BYTES.get(dtype, 1)
    cut = len(data) - len(data) // item // 2 * item
    moved = data[cut:] + data[:cut]
    return moved.translate(_OTHER_SHADES) if dtype == "uint8" else moved
