"""Target, NPU mode, batches, and switches of quantization and compiler that contradict each other or mean little."""

from collections.abc import Collection, Iterator

from axpair_proto.pulsar2.schema import (
    BuildConfig,
    CompilerConfig,
    HardwareType,
    ModelType,
    NPUMode,
    PrecisionAnalysisMode,
    QuantConfig,
)

from axpair_host.lint.hint import Hint, Passed

MODES = {
    HardwareType.AX650: (NPUMode.NPU1, NPUMode.NPU2, NPUMode.NPU3),
    HardwareType.M76H: (NPUMode.NPU1, NPUMode.NPU2, NPUMode.NPU3),
    HardwareType.AX620E: (NPUMode.NPU1, NPUMode.NPU2),
    HardwareType.AX615: (NPUMode.NPU1, NPUMode.NPU2),
    HardwareType.M57: (NPUMode.NPU1,),
    HardwareType.AX637: (NPUMode.NPU1,),
    HardwareType.AX8860: (NPUMode.NPU1, NPUMode.NPU2, NPUMode.NPU4),
}
"""How much of the NPU can be taken, where that is documented."""


def hints(config: BuildConfig, refused: Collection[str]) -> Iterator[Hint]:
    """Everything odd. `refused` are fields that have a value which couldn't be read."""
    if "target_hardware" not in refused:
        yield from _target(config)
    if not {"target_hardware", "npu_mode"} & {*refused}:
        yield from _mode(config)
    yield from _switches(config.quant)
    yield from _ranges(config.quant)
    yield from _compiler(config.compiler)


def unchecked(config: BuildConfig) -> Iterator[Passed]:
    """What is read and not judged."""
    target = config.target_hardware or HardwareType.AX650
    if target not in MODES:
        yield Passed("npu_mode", f"which modes {target.name} has isn't documented")
    for field in ("const_processors", "op_processors", "quant_op_processors"):
        if getattr(config, field):
            yield Passed(
                field, "patches change the model: the original ONNX then computes something else by intent, and isn't "
                "the reference for this build"
            )  # fmt: skip
    if config.model_type not in (None, ModelType.ONNX):
        yield Passed(
            "model_type",
            f"{config.model_type.name} brings scales of its own; which settings of calibration still count isn't "
            "documented",
        )
    if config.quant.precision_analysis_mode is PrecisionAnalysisMode.NPUBackend:
        yield Passed("precision_analysis_mode", "NPUBackend works for models that are on the NPU alone")
    if config.quant.highest_mix_precision:
        yield Passed("highest_mix_precision", "what it changes isn't documented")
    if config.compiler.sub_configs:
        yield Passed("sub_configs", "parts that are compiled on their own: their ends aren't held against the model")
    if bytes(config.compiler.compiler_group_patterns):
        yield Passed("compiler_group_patterns", "patterns aren't held against the model")


def _target(config: BuildConfig) -> Iterator[Hint]:
    if config.target_hardware is None:
        yield Hint(
            "target",
            "AX307",
            "target_hardware isn't given, which means AX650: no other board loads such a model",
            'write "target_hardware": "AX650" for AX650A/N and AX8850, "AX620E" for AX630C, AX631 and AX620Q; or give '
            "it to pulsar2 build as --target_hardware",
        )


def _mode(config: BuildConfig) -> Iterator[Hint]:
    target, mode = config.target_hardware or HardwareType.AX650, config.npu_mode or NPUMode.NPU1
    modes = MODES.get(target)
    said = target.name + ("" if config.target_hardware is not None else " (the default)")
    if modes and mode not in modes:
        yield Hint(
            "npu-mode",
            "AX309",
            f"npu_mode is {mode.name}, and {said} has {', '.join(one.name for one in modes)}",
            f"write {modes[-1].name} for the whole NPU, which goes with a board whose virtual NPU is off",
            {"npu_mode": mode.name, "target_hardware": target.name},
        )
    elif modes and len(modes) > 1 and config.npu_mode is None:
        yield Hint(
            "npu-mode",
            "AX309",
            f"npu_mode isn't given, which means NPU1: a part of the NPU of {said}, for a board with its virtual NPU on",
            f"write NPU1 if that is meant, {modes[-1].name} for the whole NPU",
        )


def _switches(quant: QuantConfig) -> Iterator[Hint]:
    tuned = [name for name in ("enable_adaround", "enable_brecq", "enable_lsq") if getattr(quant, name)]
    together = [*tuned, *(["enable_smooth_quant"] if quant.enable_smooth_quant else [])]
    if len(together) > 1:
        yield Hint(
            "combined",
            "AX201",
            f"{', '.join(together)} are on together; each changes weights by a way of its own, and how they combine "
            "isn't documented",
            "keep one, and compare quant/debug/precision_analysis_table.txt of builds with each",
            {"switches": together},
        )
    if tuned and not quant.device.startswith("cuda"):
        yield Hint(
            "needs-gpu",
            "",
            f"{', '.join(tuned)} trains weights, and device is {quant.device or 'cpu'}",
            'write "device": "cuda:0" where the toolchain has a GPU',
        )
    given = [name for name in ("smooth_quant_threshold", "smooth_quant_strength") if getattr(quant, name) is not None]
    if given and not quant.enable_smooth_quant:
        yield Hint(
            "without-effect",
            "",
            f"{' and '.join(given)} without effect: enable_smooth_quant is off",
            'write "enable_smooth_quant": true, or leave them out',
        )


def _ranges(quant: QuantConfig) -> Iterator[Hint]:
    for field, low, high in (
        ("transformer_opt_level", 0, 2),
        ("smooth_quant_threshold", 0, 1),
        ("smooth_quant_strength", 0, 1),
        ("check", 0, 1),
    ):
        value = getattr(quant, field)
        if value is not None and not low <= value <= high:
            yield Hint("beyond", "", f"quant.{field} is {value:g}; it is {low} to {high}", f"write {low} to {high}")
    threshold = quant.refine_weight_threshold
    if threshold is not None and threshold != -1 and not 0 <= threshold < 1e-4:
        yield Hint(
            "beyond",
            "",
            f"quant.refine_weight_threshold is {threshold:g}; it is below 0.0001, or -1 = off",
            "write 1e-6",
        )


def _compiler(compiler: CompilerConfig) -> Iterator[Hint]:
    if compiler.static_batch_sizes and compiler.max_dynamic_batch_size:
        yield Hint(
            "batches",
            "AX315",
            f"static_batch_sizes {list(compiler.static_batch_sizes)} and max_dynamic_batch_size "
            f"{compiler.max_dynamic_batch_size} are both given; a model has the one or the other",
            "keep one",
        )
    if compiler.check not in (0, 1, 2, 3):
        yield Hint("beyond", "", f"compiler.check is {compiler.check}; it is 0 to 3", "write 0, 1, 2 or 3")
    elif compiler.check and not compiler.input_sample_dir:
        yield Hint(
            "random-check",
            "",
            f"compiler.check is {compiler.check} without input_sample_dir: a build then checks itself on random input "
            "(7.0 logs `use random data as gt input`, its documentation prefers calibration samples), which says "
            "nothing of accuracy",
            'write "input_sample_dir" beside it, with inputs in the compiled model\'s form (src_dtype, src_layout)',
        )
