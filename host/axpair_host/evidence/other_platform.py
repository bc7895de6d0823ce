"""What another platform made of the same float model: figures that the user has, or the tensors of its gt folder."""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from axpair_proto.gt.tensors import read_tensor, stems_in

from axpair_host.compare import compare
from axpair_host.errors import UsageError

Array = np.ndarray[Any, Any]
PRECISIONS = ("int8", "int16", "mixed", "float16")
FLOAT_FOLDERS = ("float", "onnx", "golden")
QUANTISED_FOLDERS = ("quantised", "quantized", *PRECISIONS, "board", "joint", "lava_joint")
"""Names of folders, the first that is there counts."""
_FALLING = frozenset({"loss", "error", "err", "wer", "cer", "eer", "mae", "mse", "rmse", "latency", "ms", "time"})
_EXAMPLE = "--other 'rk3588,int8,mAP=0.48,float=0.60'"


class OtherFigure(msgspec.Struct, frozen=True):
    """One measure of both models of a platform; larger is better."""

    name: str
    """Such as "mAP", or "cosine of <output>"."""
    quantised: float
    float_: float

    @property
    def kept(self) -> float:
        """What quantisation leaves, as a share of the float model's."""
        return self.quantised / self.float_


class OtherPlatform(msgspec.Struct, frozen=True):
    """One other platform."""

    name: str
    precision: str
    """One of PRECISIONS; "" where that isn't known."""
    figures: tuple[OtherFigure, ...]
    source: str
    """As the user gave it."""

    @property
    def worst(self) -> OtherFigure:
        """The figure that falls most."""
        return min(self.figures, key=lambda one: one.kept)


def other_platforms(given: Iterable[str]) -> tuple[OtherPlatform, ...]:
    """Each --other, a folder or figures. Raises UsageError that says what was found and what is expected."""
    return tuple(_folder(text, Path(text)) if Path(text).exists() else _figures(text) for text in given)


def _figures(text: str) -> OtherPlatform:
    name, *rest = [word.strip() for word in text.split(",")]
    if not rest or "=" in name or not name:
        raise UsageError(
            f"--other {text!r}: neither a folder nor figures; figures begin with the platform's name",
            next_step=f"give them as {_EXAMPLE}",
        )
    precision, values = "", dict[str, float]()
    for word in rest:
        key, mark, value = (part.strip() for part in word.partition("="))
        if not mark:
            if word.lower() not in PRECISIONS or precision:
                why = f"{precision} was given already" if precision else f"none of {', '.join(PRECISIONS)}"
                raise UsageError(
                    f"--other {text!r}: {word!r} is no figure (NAME=NUMBER), and {why}",
                    next_step=f"give it as {_EXAMPLE}",
                )
            precision = word.lower()
            continue
        if key in values:
            raise UsageError(f"--other {text!r}: {key!r} is given twice", next_step="give one figure a platform")
        values[key] = _number(text, key, value)
    measured = [key for key in values if key != "float"]
    if "float" not in values or len(measured) != 1:
        raise UsageError(
            f"--other {text!r}: wanted are one figure of the quantised model and the same of the float one (float=); "
            f"found: {', '.join(values) or 'none'}",
            next_step=f"give them as {_EXAMPLE}",
        )
    figure = OtherFigure(measured[0], values[measured[0]], values["float"])
    if figure.name.lower() in _FALLING:
        raise UsageError(
            f"--other {text!r}: {figure.name} falls as the model gets better",
            next_step="give a figure that grows with accuracy, such as mAP or top1",
        )
    return OtherPlatform(name, precision, (figure,), text)


def _number(text: str, key: str, value: str) -> float:
    percent = re.fullmatch(r"(.*\S)\s*%", value)
    try:
        number = float(percent[1]) / 100 if percent else float(value)
    except ValueError:
        raise UsageError(f"--other {text!r}: {key}={value!r} is no number") from None
    if not math.isfinite(number) or number < 0 or (key == "float" and number == 0):
        raise UsageError(f"--other {text!r}: {key}={value} means nothing here; wanted is a number above 0")
    return number


def _folder(text: str, folder: Path) -> OtherPlatform:
    if not folder.is_dir():
        raise UsageError(f"--other {text}: is a file, expected a folder", next_step=f"or give figures: {_EXAMPLE}")
    reference, precision = _part(folder, FLOAT_FOLDERS), ""
    quantised = _part(folder, QUANTISED_FOLDERS)
    if quantised is not None and quantised.name in PRECISIONS:
        precision = quantised.name
    if reference is None or quantised is None:
        lacking = "float" if reference is None else "quantised"
        wanted = FLOAT_FOLDERS if reference is None else QUANTISED_FOLDERS
        raise UsageError(
            f"--other {text}: no {lacking} outputs in it; looked for the folders {', '.join(wanted)}",
            next_step="put the float outputs into float/ and the quantised ones into int8/, one .npy an output",
        )
    floats, others = stems_in(reference), stems_in(quantised)
    shared = [stem for stem in floats if stem in others]
    if not shared:
        raise UsageError(
            f"--other {text}: {reference.name}/ and {quantised.name}/ have no output of the same name: "
            f"{', '.join(floats) or 'nothing'} and {', '.join(others) or 'nothing'}",
            next_step="give an output the same file name in both",
        )
    figures = tuple(_cosine(text, stem, floats[stem], others[stem]) for stem in shared)
    return OtherPlatform(folder.resolve().name, precision, figures, text)


def _part(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir() and stems_in(folder / name)), None)


def _cosine(text: str, stem: str, reference: Path, quantised: Path) -> OtherFigure:
    one, other = (_values(path) for path in (reference, quantised))
    if one.size != other.size:
        raise UsageError(
            f"--other {text}: {stem!r} has {one.size} elements in float and {other.size} quantised",
            next_step="give both as .npy, the quantised one in real values (its integers times their scale)",
        )
    found = compare(one, other)
    if found.cosine is None:
        raise UsageError(f"--other {text}: {stem!r} can't be compared: {found.reason or 'no finite cosine'}")
    return OtherFigure(f"cosine of {stem}", max(found.cosine, 0.0), 1.0)


def _values(stem: Path) -> Array:
    """Flat float32; a .bin alone is taken for float32."""
    tensor = read_tensor(stem)
    if not stem.with_name(f"{stem.name}.npy").is_file():
        if tensor.size % 4:
            raise UsageError(f"--other {stem}.bin: {tensor.size} bytes are no float32", next_step="give it as .npy")
        tensor = tensor.view("<f4")
    return tensor.reshape(-1).astype(np.float32)


def told(platform: OtherPlatform) -> Mapping[str, Any]:
    """JSON form."""
    return {
        "name": platform.name,
        "precision": platform.precision or None,
        "figures": [
            {"name": one.name, "quantised": one.quantised, "float": one.float_, "kept": one.kept}
            for one in platform.figures
        ],
        "source": platform.source,
    }
