"""Calibration sets: where they are, how much of them is read, what is in them, and how several are paired."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from axpair_proto.capabilities import ModelInput
from axpair_proto.pulsar2.schema import DataFormat

from axpair_host.lint import calibration_set, sets
from axpair_host.lint.dataset import Sample, first_sample, look, readable
from axpair_host.lint.declared import DeclaredInput
from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.pulsar2.odd import Odd
from axpair_host.lint.pulsar2.subject import DEFAULT, Input
from axpair_host.progress import Progress

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
_SUFFIX = {DataFormat.Numpy: ".npy", DataFormat.NumpyObject: ".npy", DataFormat.Binary: ".bin"}
_READ = 32
"""calibration_size where none is given."""


@dataclass
class Looked:
    """What was seen of all sets."""

    hints: list[Hint] = field(default_factory=list)
    odds: list[tuple[Input, Odd]] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


def look_at_sets(inputs: Sequence[Input], folder: Path, progress: Progress) -> Looked:
    """Look at each set that is here; relative paths are tried from `folder`, the configuration's, and from here.

    Raises UsageError for a set that is here and is damaged.
    """
    looked = Looked()
    paths = {one.name: place(one.quant.calibration_dataset, folder) for one in inputs if one.quant.calibration_dataset}
    known: dict[Path, list[Sample]] = {}
    gone: dict[str, Passed] = {}
    for one in inputs:
        looked.odds += [(one, odd) for odd in _written(one)]
        if one.name not in paths:
            continue
        path, written = paths[one.name], one.quant.calibration_dataset
        line = sets.absent("calibration", written, path)
        if line is not None:
            gone[written] = line
            continue
        if path not in known:
            size = one.quant.calibration_size or _READ
            with progress.task(f"look at {path.name}"):
                known[path] = look(path, max(size, 0), pictures=one.pictures)
            pictures, lines = readable(path.name, known[path])
            looked.passed += lines
            looked.hints += calibration_set.hints(path.name, pictures, 0, "") if pictures else ()
        looked.odds += [(one, odd) for odd in _content(one, path, known[path])]
        looked.hints += _pictures(one, path, known[path])
    looked.passed += gone.values()
    _several(inputs, paths, known, looked)
    return looked


def place(written: str, folder: Path) -> Path:
    """Where a set lies: beside the configuration, else in the working directory, as public files have it."""
    beside = folder / written
    return Path(written) if not sets.present(beside) and sets.present(Path(written)) else beside


def _written(one: Input) -> Iterator[Odd]:
    written, size = one.quant.calibration_dataset, one.quant.calibration_size
    if not written:
        yield Odd(
            "no-set",
            "AX204",
            "no calibration_dataset: a build needs one",
            'add to quant.input_configs: {"tensor_name": ..., "calibration_dataset": "set.tar"}',
        )
    elif not written.lower().endswith(_ARCHIVES):
        yield Odd(
            "archive",
            "AX204",
            f"calibration_dataset {written!r} is no tar, tar.gz or zip by its name; no others are documented",
            f"tar cf set.tar -C {written} .",
        )
    if one.pictures and one.no_picture:
        said = "" if one.quant.calibration_format is not None else " (the default)"
        yield Odd(
            "format",
            "AX102",
            f"calibration_format is Image{said}, and {one.no_picture}: no picture fits it",
            'write "calibration_format": "Numpy", and give the samples as .npy in the input\'s shape and dtype',
            {"shape": list(one.shape)},
        )
    if size == -1:
        yield Odd(
            "size",
            "AX204",
            "calibration_size is -1: the whole set is read, however long that takes and however much memory",
            f"write a number; {_READ} is the default",
            {"size": size},
        )
    elif size is not None and size < 1:
        yield Odd(
            "size", "AX204", f"calibration_size is {size}", "write a positive number, or -1 for all", {"size": size}
        )


def _content(one: Input, path: Path, samples: Sequence[Sample]) -> Iterator[Odd]:
    size = one.quant.calibration_size
    if size is not None and size > len(samples):
        yield Odd(
            "size",
            "AX204",
            f"calibration_size is {size}, and {path.name} holds {len(samples)} samples",
            f'add samples, or write "calibration_size": {len(samples)}',
            {"size": size, "samples": len(samples)},
        )
    suffixes = {PurePosixPath(sample.name).suffix.lower() for sample in samples}
    wanted = _SUFFIX.get(one.format)
    if (wanted and wanted not in suffixes) or (not wanted and suffixes <= {".npy", ".bin"}):
        said = "" if one.quant.calibration_format is not None else " (the default)"
        right = {".npy": "Numpy", ".bin": "Binary"}.get(min(suffixes), "Image")
        yield Odd(
            "format",
            "AX102",
            f"calibration_format is {one.format.name}{said}, and {path.name} holds {', '.join(sorted(suffixes))} files",
            f'write "calibration_format": "{right}"',
        )
    elif one.format is DataFormat.Numpy:
        yield from _array(one, path)


def _array(one: Input, path: Path) -> Iterator[Odd]:
    """The first sample against the ONNX input: nothing converts it."""
    name, data = first_sample(path, ".npy")
    try:
        array = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError):
        yield Odd("format", "AX102", f"{path.name}: {name!r} is no plain array", "write it with numpy.save")
        return
    if one.dtype and str(array.dtype) != one.dtype:
        yield Odd(
            "dtype",
            "AX102",
            f"{path.name}: {name!r} is {array.dtype}, and the ONNX model takes {one.dtype}, whatever src_dtype is: a "
            "build stops there",
            f"write the samples as {one.dtype}",
            {"sample": str(array.dtype), "onnx": one.dtype},
        )
    if one.shape and 0 not in one.shape and array.shape != one.shape:
        yield Odd(
            "shape",
            "AX002",
            f"{path.name}: {name!r} has the shape {list(array.shape)}, and the input {list(one.shape)}",
            "write the samples in the input's shape, batch axis included",
        )


def _pictures(one: Input, path: Path, samples: Sequence[Sample]) -> Iterator[Hint]:
    """As for pulsar: proportions and sizes, grey ones, raw samples of another size."""
    model = ModelInput(one.name, one.shape, one.dtype, ()) if one.shape and 0 not in one.shape else None
    wanted, fed = (one.processor.tensor_format, one.processor.src_format)
    declared = DeclaredInput(
        name=one.name,
        src_color=wanted.name if wanted else "",
        dst_color=fed.name if fed else "",
        layout=one.layout.name,
        dtype=one.dtype or "float32",
        q=0,
        steps=(),
    )
    yield from calibration_set.beside(path.name, samples, declared, model, "")


def _several(
    inputs: Sequence[Input], paths: Mapping[str, Path], known: Mapping[Path, Sequence[Sample]], looked: Looked
) -> None:
    """Sets of several inputs are paired by equal file names."""
    named = {one.name: paths[one.name] for one in inputs if one.name in paths and one.name != DEFAULT}
    objects = any(one.format is DataFormat.NumpyObject for one in inputs)
    if objects or len(named) < 2:
        return
    looked.hints += sets.shared(
        named,
        'give each input an item in quant.input_configs with a "calibration_dataset" of its own, with equal file names '
        "for samples that belong together",
    )
    archives = list(dict.fromkeys(named.values()))
    if len(archives) < 2:
        return
    if any(path not in known for path in archives):
        looked.passed.append(
            Passed(
                "pairing",
                f"the sets of {', '.join(map(repr, named))} are paired by equal file names; whether they have such "
                "wasn't looked at, as they aren't all here",
            )
        )
        return
    names = [{PurePosixPath(sample.name).stem for sample in known[path]} for path in archives]
    if not set.intersection(*names):
        looked.hints.append(
            Hint(
                "unpaired",
                "AX204",
                f"the sets {', '.join(path.name for path in archives)} have no file name in common, and samples of "
                "several inputs are paired by equal names",
                "name samples that belong together alike, such as 0.npy in each",
            )
        )
