"""Brings a pinned model to the form that the compiler reads.

That is opset 21, constants folded, BatchNorm inside convs, and compound operators in parts.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import numpy as np
import onnx
from onnx import helper

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.decompose import decomposed
from axpair_emulator.graph.ids import without_casts

OPSET = 21
"""Has uint16 QuantizeLinear, which the reference needs at 16 bit."""


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with shape arithmetic folded and dead nodes gone, at opset 21; input and output names stay.

    Raises ModelError when the model's operators can't be lifted to opset 21.
    """
    from onnx import version_converter

    slim = _slim(model)
    version = max((entry.version for entry in slim.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    if version < OPSET:
        try:
            lifted = version_converter.convert_version(slim, OPSET)
        except Exception as error:  # the converter raises bare RuntimeError and others from C++
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"the model uses opset {version} and can't be lifted to {OPSET}: {first}",
                next_step="export the model again with opset 13 or later",
            ) from error
        if version < 11:
            _keep_old_resizes(lifted)
        slim = _slim(lifted)
    return without_casts(decomposed(slim))


def _keep_old_resizes(model: onnx.ModelProto) -> None:
    """Before opset 11 Upsample and Resize had no modes: all were asymmetric, and nearest took the floor.

    onnx's converter leaves them to today's defaults, which are others.
    """
    for node in model.graph.node:
        if node.op_type == "Resize" and node.domain in ("", "ai.onnx"):
            told = {attr.name for attr in node.attribute}
            for name, word in (("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")):
                if name not in told:
                    node.attribute.append(helper.make_attribute(name, word))


def _slim(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnxslim  # takes half a second, and only a build needs it

    # onnxslim prints, logs and warns; what goes wrong inside it leaves the model as it is.
    logging.getLogger("onnxslim").setLevel(logging.CRITICAL)
    expected = [value.name for value in (*model.graph.input, *model.graph.output)]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            slim = onnxslim.slim(copy, model_check=False)
    except Exception:  # optional step: the compiler reads the unsimplified model just as well
        return model
    if not isinstance(slim, onnx.ModelProto):
        return model
    return slim if [value.name for value in (*slim.graph.input, *slim.graph.output)] == expected else model
