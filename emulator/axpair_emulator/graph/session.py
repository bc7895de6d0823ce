"""Opens float models in onnxruntime, the same way everywhere: one thread, its log silent."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
import onnxruntime as ort
from onnx import helper

from axpair_emulator.errors import ModelError
from axpair_emulator.graph.vast import elements_of

LARGE = 1 << 27
"""Elements of all tensors of a model: half a gigabyte of floats. Beyond, memory counts for more than time.

onnxruntime's arena keeps up to twice what a model needs, and its convolutions by blocks of channels fill up a few
channels to sixteen.
"""


def open_session(
    model: onnx.ModelProto, *, extra_outputs: Iterable[str] = (), optimise: bool = True, quantised: bool = False
) -> ort.InferenceSession:
    """A CPU session with one thread: float results then don't depend on the number of cores.

    `extra_outputs` are inner tensors that `run` returns after the model's own outputs. A `quantised` model keeps its
    quantisation points as nodes of their own, with float operators between them, however it is optimised; one that
    isn't optimised runs a Shape as soon as it can. Raises ModelError when onnxruntime refuses the model.
    """
    wanted = list(dict.fromkeys(extra_outputs))
    if wanted:
        present = {value.name for value in model.graph.output}
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted if name not in present)
        model = copy
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimise else level.ORT_DISABLE_ALL
    # Quantisation points stand thrice: before, in codes, and after.
    if elements_of(model) > (3 * LARGE if quantised else LARGE):
        options.enable_cpu_mem_arena = False
        if optimise:
            options.graph_optimization_level = level.ORT_ENABLE_EXTENDED
    if not optimise:
        options.execution_order = ort.ExecutionOrder.PRIORITY_BASED
    if quantised:
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base
        raise ModelError(
            f"onnxruntime can't load the model: {first_line(error)}",
            next_step="check the model with onnx.checker, and its opset against the onnxruntime installed",
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of an exception's text."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
