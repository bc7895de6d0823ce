"""pulsar2's BuildConfig, by the vendor's reference (release 7.0), and the few fields that only its guides name.

A field that isn't given is None where it matters, () where it is a list, else what then holds.
Enums have protobuf's names and numbers; both may be written.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class ModelType(IntEnum):
    """What is built from."""

    ONNX = 0
    QuantAxModel = 1
    QuantONNX = 3
    OptimizedQuantAxModel = 4
    ISP = 5  # named by tools, its number by nothing


class HardwareType(IntEnum):
    """The chip. Numbers beyond the reference's (AX650, AX620E, M76H, M57) are read out of models, or ours."""

    AX650 = 0
    AX620E = 1
    M76H = 2
    LAMBERT = 3
    LAGUNA = 4
    M57 = 5
    AX620L = 6
    AX615 = 7
    AX637 = 8
    AX8860 = 9


MEANT: dict[str, dict[str, str]] = {
    "HardwareType": {
        **dict.fromkeys(("AX630C", "AX631", "AX620Q", "AX620QP", "AX620QZ"), "AX620E"),
        **dict.fromkeys(("AX650A", "AX650N", "AX8850"), "AX650"),
    },
    "DataType": {
        **dict.fromkeys(("F32", "FLOAT32", "FLOAT"), "FP32"),
        **dict.fromkeys(("F16", "FLOAT16"), "FP16"),
        **{f"{word}{bits}": f"S{bits}" for word in ("INT", "I") for bits in (8, 16, 32, 64)},
        **{f"UINT{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    },
    "ColorSpace": {"NV12": "YUV420SP", "NV21": "YVU420SP", "GREY": "GRAY", "AUTO": "AutoColorSpace"},
}
"""By enum: other words for its values that can mean nothing else, such as chips that are built for as another."""


class NPUMode(IntEnum):
    """How much of the NPU a model takes."""

    NPU1 = 0
    NPU2 = 1
    NPU3 = 2
    NPU4 = 3


class ColorSpace(IntEnum):
    """Of an input."""

    AutoColorSpace = 0
    GRAY = 1
    BGR = 2
    RGB = 3
    RGBA = 4
    YUV420SP = 6
    YVU420SP = 7
    YUYV422 = 8
    UYVY422 = 9
    RAW = 10


class Layout(IntEnum):
    """Axis order."""

    DefaultLayout = 0
    NHWC = 1
    NCHW = 2


class DataType(IntEnum):
    """Of a tensor."""

    DefaultDataType = 0
    U8 = 1
    S8 = 2
    U16 = 3
    S16 = 4
    U32 = 5
    S32 = 6
    U64 = 7
    S64 = 8
    FP16 = 9
    FP32 = 10
    BF16 = 11


class DataFormat(IntEnum):
    """Of calibration samples."""

    Image = 0
    Numpy = 1
    Binary = 2
    NumpyObject = 3


class QuantMethod(IntEnum):
    """How ranges are found."""

    MinMax = 0
    Percentile = 1
    MSE = 2
    KL = 3


class PrecisionAnalysisMethod(IntEnum):
    """What is fed to a layer."""

    PerLayer = 0
    EndToEnd = 1


class PrecisionAnalysisMode(IntEnum):
    """What computes."""

    Reference = 0
    NPUBackend = 1


class CSCMode(IntEnum):
    """How YUV becomes colours."""

    NoCSC = 0
    Matrix = 1
    FullRange = 2
    LimitedRange = 3


class CheckMode(IntEnum):
    """What the compiler compares."""

    CheckOutput = 0
    CheckPerLayer = 1


Anything = msgspec.Raw
"""Content that is passed over as it stands."""


class Shape(msgspec.Struct, frozen=True):
    """Of a tensor."""

    shape: tuple[int, ...] = ()


class InputQuantConfig(msgspec.Struct, frozen=True):
    """Calibration of an input, or of all ("DEFAULT")."""

    tensor_name: str = ""
    calibration_dataset: str = ""
    calibration_format: DataFormat | None = None
    calibration_size: int | None = None
    calibration_mean: tuple[float, ...] = ()
    calibration_std: tuple[float, ...] = ()


class LayerConfig(msgspec.Struct, frozen=True):
    """Precision of the layers that one selector means."""

    layer_name: str = ""
    op_type: str = ""
    start_tensor_names: tuple[str, ...] = ()
    end_tensor_names: tuple[str, ...] = ()
    data_type: DataType | None = None
    weight_data_type: DataType | None = None
    layer_names: tuple[str, ...] = ()
    op_types: tuple[str, ...] = ()
    output_data_type: DataType | None = None


class OnnxOptimizeOption(msgspec.Struct, frozen=True):
    """What happens to the graph first."""

    disable_onnx_optimization: bool = False
    enable_onnxsim: bool = False
    model_check: bool = False
    disable_transformation_check: bool = False
    save_tensors_data: bool = False


class QuantConfig(msgspec.Struct, frozen=True):
    """Quantization."""

    input_configs: tuple[InputQuantConfig, ...] = ()
    layer_configs: tuple[LayerConfig, ...] = ()
    calibration_method: QuantMethod | None = None
    precision_analysis: bool = False
    precision_analysis_method: PrecisionAnalysisMethod | None = None
    precision_analysis_mode: PrecisionAnalysisMode | None = None
    highest_mix_precision: bool = False
    conv_bias_data_type: DataType | None = None
    refine_weight_threshold: float | None = None
    enable_smooth_quant: bool = False
    smooth_quant_threshold: float | None = None
    smooth_quant_strength: float | None = None
    transformer_opt_level: int = 0
    input_sample_dir: str = ""
    ln_scale_data_type: DataType | None = None
    check: int = 0
    disable_auto_refine_scale: bool = False
    enable_easy_quant: bool = False
    disable_quant_optimization: bool = False
    enable_brecq: bool = False
    enable_lsq: bool = False
    enable_adaround: bool = False
    finetune_epochs: int | None = None
    finetune_block_size: int | None = None
    finetune_batch_size: int | None = None
    finetune_lr: float | None = None
    device: str = ""


class InputProcessor(msgspec.Struct, frozen=True):
    """What a program feeds (`src_*`), and what the ONNX model wants (`tensor_*`): the reverse of pulsar's words."""

    tensor_name: str = ""
    tensor_format: ColorSpace | None = None
    tensor_layout: Layout | None = None
    src_format: ColorSpace | None = None
    src_layout: Layout | None = None
    src_dtype: DataType | None = None
    src_extra_shapes: tuple[Shape, ...] = ()
    csc_mode: CSCMode | None = None
    csc_mat: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    scale: float | None = None
    zeropoint: float | None = None
    padding: tuple[int, ...] = ()
    padding_mode: str = ""
    padding_constant_value: int | None = None
    slicing: tuple[int, ...] = ()


class OutputProcessor(msgspec.Struct, frozen=True):
    """How an output is given."""

    tensor_name: str = ""
    tensor_layout: Layout | None = None
    dst_perm: tuple[int, ...] = ()
    output_dtype: DataType | None = None


class ConstProcessor(msgspec.Struct, frozen=True):
    """Other values for a constant."""

    name: str = ""
    data: tuple[float, ...] = ()
    data_path: str = ""


class OpProcessor(msgspec.Struct, frozen=True):
    """Other attributes for an operator."""

    op_name: str = ""
    attrs: Anything = Anything()


class CompilerConfig(msgspec.Struct, frozen=True):
    """Compilation."""

    static_batch_sizes: tuple[int, ...] = ()
    max_dynamic_batch_size: int = 0
    ddr_bw_limit: float = 0.0
    disable_ir_fix: bool = False
    check: int = 0
    npu_perf: bool = False
    check_mode: CheckMode | None = None
    check_rtol: float | None = None
    check_atol: float | None = None
    check_cosine_simularity: float | None = None
    check_tensor_black_list: tuple[str, ...] = ()
    enable_slice_mode: bool = False
    enable_tile_mode: bool = False
    enable_data_soft_compression: bool = False
    input_sample_dir: str = ""
    compiler_group_patterns: Anything = Anything()
    sub_configs: tuple[CompilerConfig, ...] = ()
    start_tensor_names: tuple[str, ...] = ()
    end_tensor_names: tuple[str, ...] = ()


class DebugConfig(msgspec.Struct, frozen=True):
    """In guides and public files; not in the reference."""

    dump_frontend_graph: bool = False


class BuildConfig(msgspec.Struct, frozen=True):
    """The whole."""

    input: str = ""
    output_dir: str = ""
    output_name: str = ""
    work_dir: str = ""
    model_type: ModelType | None = None
    target_hardware: HardwareType | None = None
    npu_mode: NPUMode | None = None
    input_shapes: str = ""
    onnx_opt: OnnxOptimizeOption = OnnxOptimizeOption()
    quant: QuantConfig = QuantConfig()
    input_processors: tuple[InputProcessor, ...] = ()
    output_processors: tuple[OutputProcessor, ...] = ()
    const_processors: tuple[ConstProcessor, ...] = ()
    op_processors: tuple[OpProcessor, ...] = ()
    quant_op_processors: tuple[OpProcessor, ...] = ()
    compiler: CompilerConfig = CompilerConfig()
    debug: DebugConfig = DebugConfig()
