"""What `run_joint` prints of a model (SDK V0.31; 0.5.10 and 0.5.13), read into the worker's own description."""

import re
from typing import Any, Dict, List, Optional, Sequence

NOT_FED = re.compile(r"using random data|using default value")
"""The program goes on with whatever lies in memory, and exits with 0 all the same."""
_HEAD = re.compile(r"(Input|Output)\[(\d+)\]: (.*)$")
_SHAPE = re.compile(r"\s+Shape \[([\d, ]*)\] (\S+) (\S+)(.*)$")
_SIZE = re.compile(r"\s+Size (\d+)$")
_Q = re.compile(r"\bQ=(\d+)")
_COLORS = ("BGR", "RGB", "GRAY", "NV12", "NV21")
_DTYPES = {"sint8": "int8", "sint16": "int16", "sint32": "int32"}
"""Its words that differ from ours."""
_KNOWN = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def description(lines: Sequence[str]) -> Optional[Dict[str, Any]]:
    """The JSON form of a ModelDescription; None where the lines don't hold every input and output whole.

    Steps and CPU parts aren't printed: they stay unknown.
    """
    sides: Dict[str, List[Dict[str, Any]]] = {"Input": [], "Output": []}
    for index, line in enumerate(lines):
        head = _HEAD.match(line)
        if head is None:
            continue
        tensor = _tensor(head.group(3), lines[index + 1 : index + 4])
        if tensor is None or int(head.group(2)) != len(sides[head.group(1)]):
            return None
        sides[head.group(1)].append(tensor)
    if not sides["Input"] or not sides["Output"]:
        return None
    return {
        "inputs": sides["Input"],
        "outputs": sides["Output"],
        "tools_version": tools_version(lines),
        "max_batch": int(_after(lines, "Max Batch Size ") or 1),
        "dynamic_batch": _after(lines, "Support Dynamic Batch? ") == "Yes",
        "vnpu_mode": vnpu_mode(lines),
    }


def program_version(lines: Sequence[str]) -> str:
    """Of the program itself, such as "0.5.13"; "" where it isn't printed."""
    return _after(lines, "run joint version: ")


def tools_version(lines: Sequence[str]) -> str:
    """Release and commit of the toolchain that built the model; the commit stands on a line of its own."""
    for line, after in zip(lines, (*lines[1:], "")):
        if line.startswith("tools version: "):
            release = line[len("tools version: ") :].strip()
            return f"{release} {after.strip()}" if re.fullmatch(r"[0-9a-f]{8}", after.strip()) else release
    return ""


def vnpu_mode(lines: Sequence[str]) -> str:
    """Such as "1_1" or "disable"; "" where it isn't printed."""
    mode = _after(lines, "virtual npu ")
    return (mode[len("mode is ") :] if mode.startswith("mode is ") else mode).rstrip("!")


def _after(lines: Sequence[str], start: str) -> str:
    return next((line[len(start) :].strip() for line in lines if line.startswith(start)), "")


def _tensor(name: str, lines: Sequence[str]) -> Optional[Dict[str, Any]]:
    found = _SHAPE.match(lines[0]) if lines else None
    size = next((match for match in map(_SIZE.match, lines) if match), None)
    if found is None or size is None:
        return None
    lengths, layout, word, rest = found.groups()
    dtype = _DTYPES.get(word, word)
    if dtype not in _KNOWN:
        return None
    shape = [int(length) for length in lengths.split(",") if length.strip()]
    q = _Q.search(rest)
    return {
        "name": name,
        "dtype": dtype,
        "shape": shape,
        "layout": layout if len(shape) == 4 and layout in ("NHWC", "NCHW") else "",
        "color_space": next((word for word in rest.split() if word in _COLORS), ""),
        "q": int(q.group(1)) if q else 0,
        "size_bytes": int(size.group(1)),
    }
