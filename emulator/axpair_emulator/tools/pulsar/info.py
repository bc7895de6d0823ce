"""`pulsar info`: what a model is, as tables and as JSON. What the toolchain's own prints is not documented."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from axpair_proto.errors import ContractError
from axpair_proto.joint import PERFORMANCE_MEMBER, JointArchive, read_joint

from axpair_emulator.errors import JointError
from axpair_emulator.program import Port
from axpair_emulator.storage.document import MARKER_MEMBER
from axpair_emulator.storage.files import write_whole
from axpair_emulator.storage.joint_file import is_ours, load_edges, load_program
from axpair_emulator.text_table import table
from axpair_emulator.tools.pulsar.report import HEAD, costs

Document = dict[str, Any]


def show_model(given: Namespace, write: Callable[[str], object]) -> None:
    """Print or store what is known of a model. Raises JointError for what is no joint."""
    document = describe(given.model)
    text = "\n\n".join(_sections(document, given)) + "\n"
    if given.output_json:
        write_whole(given.output_json, (json.dumps(document, indent=2) + "\n").encode())
    if given.output:
        write_whole(given.output, text.encode("utf-8", "surrogateescape"))
    else:
        write(text)


def describe(path: Path) -> Document:
    """Everything that a joint says of itself; of a real one, what its topology and performance.json name."""
    if path.suffix == ".onnx":
        raise JointError(
            f"{path} is not a joint but an ONNX model",
            next_step="give the .joint or .lava_joint that was built from it",
        )
    try:
        archive = read_joint(path, wanted=(MARKER_MEMBER, PERFORMANCE_MEMBER))
    except ContractError as error:
        raise JointError(error.message, next_step=error.next_step) from error
    document: Document = {
        "model": str(path),
        "tool_commit": archive.topology.tool_commit,
        "inputs": [{"name": name} for name in archive.input_names],
        "outputs": [{"name": name} for name in archive.output_names],
        "parts": _parts(archive),
        "layer_mapping": _mapping(archive),
    }
    if MARKER_MEMBER not in archive.members:
        return document
    edges = load_edges(path)
    document["inputs"] = [_port(port) for port in edges.inputs]
    document["outputs"] = [_port(port) for port in edges.outputs]
    document["target_hardware"] = edges.config.target_hardware
    document["virtual_npu"] = edges.config.virtual_npu
    document["max_batch"] = max(edges.config.batch_sizes)
    document["dynamic_batch"] = edges.config.dynamic_batch
    if is_ours(path):
        program = load_program(path)
        document["performance"] = [asdict(cost) for cost in costs(program)]
    return document


def _mapping(archive: JointArchive) -> list[list[str]]:
    """The rows of performance.json's table_mapping; none where there is no such table."""
    try:
        rows = json.loads(archive.members.get(PERFORMANCE_MEMBER, b"{}"))["table_mapping"][0]
        return [[str(row[0]), str(row[1])] for row in rows]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def _port(port: Port) -> Document:
    return {
        "name": port.name,
        "shape": list(port.shape),
        "layout": port.layout,
        "dtype": port.dtype,
        "color_space": port.color_space,
        "q": port.q,
    }


def _parts(archive: JointArchive) -> list[Document]:
    return [
        {
            "name": part.name,
            "type": part.type,
            "inputs": list(part.inputs),
            "outputs": list(part.outputs),
            "bytes": archive.sizes.get(part.name, 0),
        }
        for part in archive.topology.parts
    ]


def _sections(document: Document, given: Namespace) -> Iterator[str]:
    style = given.tablefmt
    heads = ("", "name", "shape", "layout", "dtype", "color space", "Q")
    rows = [
        (
            f"{side} {index}",
            tensor["name"],
            "x".join(map(str, tensor.get("shape", ()))),
            tensor.get("layout", ""),
            tensor.get("dtype", ""),
            tensor.get("color_space", ""),
            tensor.get("q") or "",
        )
        for side, tensors in (("input", document["inputs"]), ("output", document["outputs"]))
        for index, tensor in enumerate(tensors)
    ]
    batch = document.get("max_batch", 1)
    yield (
        f"{document['model']}, tools commit {document['tool_commit'] or 'unknown'}"
        + (f", batch {'up to ' if document['dynamic_batch'] else ''}{batch}" if batch > 1 else "")
    )
    yield table(rows, heads, style)
    if given.part_info:
        parts = [(part["name"], part["type"], part["bytes"]) for part in document["parts"]]
        yield table(parts, ("part", "type", "bytes"), style)
    if given.layer_mapping:
        yield table(document["layer_mapping"], ("Origin Layers", "Lava Layers"), style)
    if given.performance and "performance" in document:
        yield table([tuple(cost.values()) for cost in document["performance"]], HEAD, style)
    elif given.performance:
        yield "no performance: only a joint of this toolchain has operators to count"
