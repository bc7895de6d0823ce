"""Codes that the vendor's libraries return, and what each was seen to mean: nobody reads more into one than that.

Facts: headers of AX620A and AX630A; the vendor's own AX_ENGINE and AX_JOINT libraries run without a driver, which
answered with these codes. AX630A counts its joint codes from 1, AX620A from 0x81; either may come from either.
"""

from collections.abc import Mapping

UNREADABLE_MODEL = frozenset((0xFFFFFFFF, 0x80060086, 0x80061084, 0x80061004))
"""Given for a file that is no model, or one for another chip. 0x80060086 is named MEM_ERROR all the same."""
NO_MODEL = UNREADABLE_MODEL - {0xFFFFFFFF}
"""Those that say so, and nothing of memory."""
_NO_RESOURCES = frozenset((0x80060085, 0x80061085, 0x80061005, 0x800B0018))
"""Memory or handles, most often; a context that can't be made may have other reasons."""
MEANINGS: Mapping[int, str] = {
    0xFFFFFFFF: "-1: no reason given; of a model type, a file that is no model or one for another chip",
    0x80060081: "a NULL handle",
    0x80060082: "an invalid task",
    0x80060083: "not initialized",
    0x80060084: "an invalid parameter",
    0x80060085: "no resources",
    0x80060086: "the model can't be made: most often no model, or one for another chip; not memory",
    0x80060087: "no driver, not initialized, or another mode than the present one",
    0x80060088: "not supported",
    0x80060089: "the task is busy",
    0x8006008A: "the task failed",
    0x800B0010: "no memory driver",
    0x800B0018: "no memory",
    0x800B0310: "the system driver isn't there",
    **{
        base + number: meaning
        for base in (0x80061080, 0x80061000)
        for number, meaning in enumerate(
            (
                "an unknown failure",
                "an invalid parameter",
                "initialization failed",
                "a malformed topology",
                "the context can't be made",
                "the run failed",
            ),
            start=1,
        )
    },
}


_AXCL_PARTS = {
    1: "device",
    2: "context",
    3: "stream",
    4: "task",
    5: "memory",
    6: "configuration",
    7: "engine",
    8: "syslog",
    9: "sysctrl",
    10: "latency",
    11: "p2p",
    12: "usrwork",
}
_AXCL_REASONS = {
    1: "unknown",
    2: "a NULL pointer",
    3: "an illegal parameter",
    4: "not supported",
    5: "timed out",
    6: "busy",
    7: "no memory",
    8: "encoding failed",
    9: "decoding failed",
    10: "an unexpected response",
    11: "can't be opened",
    12: "the execution failed",
}
"""Of AXCL, whose codes are 0x80000000 | module << 24 | 0x30 << 16 | part << 8 | reason."""
_NO_MEMORY = 7


def _of_axcl(code: int) -> tuple[int, int] | None:
    """Part and reason of a code of AXCL's; None of any other."""
    part, reason = code >> 8 & 0xFF, code & 0xFF
    is_axcl = code & 0x80FF0000 == 0x80300000 and part in _AXCL_PARTS
    return (part, reason) if is_axcl else None


def means_exhausted(code: int) -> bool:
    """Whether it is given where memory or handles are exhausted, most often. Signed and unsigned forms are the same."""
    code &= 0xFFFFFFFF
    axcl = _of_axcl(code)
    return code in _NO_RESOURCES or (axcl is not None and axcl[1] == _NO_MEMORY)


def meaning(code: int) -> str:
    """What a code was seen to mean; "" where that isn't known. Signed and unsigned forms are the same."""
    code &= 0xFFFFFFFF
    axcl = _of_axcl(code)
    if axcl is not None and axcl[1] in _AXCL_REASONS:
        return f"{_AXCL_PARTS[axcl[0]]}: {_AXCL_REASONS[axcl[1]]}"
    return MEANINGS.get(code, "")
