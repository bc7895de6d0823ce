"""The probe's input: the same elements in another order, so that a stale answer shows."""

from axpair_proto.dtypes import ITEM_BYTES


def rolled(data: bytes, dtype: str) -> bytes:
    """All elements moved towards the end by half their number, those that fall out at the front: np.roll(x, n // 2).

    Runs.Run with want_probe does the same on the board.
    """
    item = ITEM_BYTES.get(dtype, 1)
    cut = len(data) - len(data) // item // 2 * item
    return data[cut:] + data[:cut]
