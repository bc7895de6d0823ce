"""What `axpair tune` prints: every trial, and the best one."""

from msgspec import UNSET, Struct, UnsetType

SCHEMA_VERSION = 1


class Outcome(Struct, frozen=True):
    """What the user's cases say of one output of a trial."""

    worst: float
    """The smallest cosine of all cases, joint against float model."""
    mean: float
    """The mean cosine of all cases."""


class TrialRow(Struct, frozen=True):
    """One model that was built and scored."""

    strategy: str
    """The calibration strategy, as a configuration calls it without its prefix."""
    observer: str
    """The observer method, as a configuration calls it without its prefix."""
    size: int
    """The samples of the calibration set that are used; 0 for all of them."""
    set: str | None
    """The path of another calibration set; None for the configuration's own."""
    int16_layers: int
    """So many layers have features in 16 bit; 0 without any."""
    int16_operators: tuple[str, ...]
    """The ONNX nodes whose features have 16 bit; empty without any."""
    outputs: dict[str, Outcome]
    """The outcome of each output; empty where the build failed."""
    worst: float | None
    """The smallest cosine of all outputs and cases; None where the build failed."""
    mean: float | None
    """The mean cosine of all outputs and cases; None where the build failed."""
    build_seconds: float
    """The build took so many seconds; 0 where it failed."""
    joint_bytes: int
    """The joint has so many bytes; 0 where the build failed."""
    failed: str | None
    """Why the build failed; None where it didn't."""


class TunedDocument(Struct, frozen=True):
    """All trials in the order in which they were made, and the best of them."""

    schema_version: int
    """The version of this form: 1."""
    title: str
    """What made the joints, and that it isn't the chip."""
    simulator: str
    """Name and version of the simulator that built them."""
    onnx: str
    """The path of the float model."""
    config: str
    """The path of the configuration that the trials start from."""
    cases: tuple[str, ...]
    """The names of the user's input files."""
    trials: tuple[TrialRow, ...]
    """The trials; the first is the configuration as it is."""
    best: int
    """The place of the best one in `trials`, from 0."""
    settings: str | None
    """What the best one sets otherwise than the configuration, as a configuration has it; None where it is that."""
    notes: tuple[str, ...]
    """What wasn't tried, and why; empty where everything was."""
    written: str | UnsetType = UNSET
    """The path of the best configuration; left out where none was asked for."""
