"""One trial: what of a configuration is changed, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from axpair_proto.config_files import store_config
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.text import write_config

from axpair_host.documents.tuned import Outcome, TrialRow
from axpair_host.layers.configuration import put_wide, read_moved

STRATEGIES = ("PER_TENSOR", "PER_CHANNEL")
OBSERVERS = ("MIN_MAX", "MSE_CLIPPING")
LIKE = 1e-4
"""Cosines that are nearer than this count as one: the simpler trial is better then."""


@dataclass(frozen=True)
class Change:
    """What a trial builds with."""

    strategy: str
    observer: str
    size: int
    """0 = all."""
    archive: Path | None = None
    """Another calibration set; None = the configuration's."""
    operators: tuple[str, ...] = ()
    """ONNX nodes whose features get 16 bit."""
    wide_layers: int = 0
    """How many layers that is."""


@dataclass(frozen=True)
class Tried:
    """A trial after its build."""

    change: Change
    outputs: Mapping[str, Outcome]
    """Empty where the build failed."""
    seconds: float = 0.0
    joint_bytes: int = 0
    failed: str = ""

    @property
    def worst(self) -> float:
        """Of all outputs and cases; -1 where the build failed."""
        return min((one.worst for one in self.outputs.values()), default=-1.0)

    @property
    def mean(self) -> float:
        """Of all outputs and cases; -1 where the build failed."""
        return sum(one.mean for one in self.outputs.values()) / len(self.outputs) if self.outputs else -1.0

    @property
    def row(self) -> TrialRow:
        """As the document has it."""
        return TrialRow(
            strategy=self.change.strategy,
            observer=self.change.observer,
            size=self.change.size,
            set=str(self.change.archive) if self.change.archive else None,
            int16_layers=self.change.wide_layers,
            int16_operators=self.change.operators,
            outputs=dict(self.outputs),
            worst=self.worst if self.outputs else None,
            mean=self.mean if self.outputs else None,
            build_seconds=round(self.seconds, 3),
            joint_bytes=self.joint_bytes,
            failed=self.failed or None,
        )


def configured(config: Path) -> Change:
    """The configuration's own. Raises ContractError for one that can't be read."""
    message, _ = read_moved(config, config.parent)
    dataset = message.neuwizard_conf.dataset_conf_calibration
    return Change(STRATEGIES[dataset.calibration_strategy], OBSERVERS[dataset.observer_method], dataset.size)


def write(config: Path, out: Path, change: Change) -> None:
    """Write `config` to `out` with the change; relative paths go on meaning the same files."""
    message, _ = read_moved(config, out.parent)
    if change.archive is not None:
        del message.neuwizard_conf.dataset_conf_calibration.dataset_conf_items[:]
    _put(message, change)
    store_config(out, message)


def settings(change: Change, base: Change) -> str:
    """What the change sets otherwise than the configuration that it starts from, as a configuration has it."""
    message = pb.Config()
    _put(message, change)
    dataset = message.neuwizard_conf.dataset_conf_calibration
    if change.strategy == base.strategy:
        dataset.ClearField("calibration_strategy")
    if change.observer == base.observer:
        dataset.ClearField("observer_method")
    if change.size == base.size:
        dataset.ClearField("size")
    if not dataset.ByteSize():
        message.neuwizard_conf.ClearField("dataset_conf_calibration")
    return write_config(message)


def _put(message: pb.Config, change: Change) -> None:
    dataset = message.neuwizard_conf.dataset_conf_calibration
    dataset.calibration_strategy = pb.CalibrationStrategy.Value(f"CALIB_STRATEGY_{change.strategy}")
    dataset.observer_method = pb.ObserverMethod.Value(f"OBSVR_METHOD_{change.observer}")
    dataset.size = change.size
    if change.archive is not None:
        dataset.path = change.archive.resolve().as_posix()
    if change.operators:
        put_wide(message, change.operators)


def strategies(base: Change) -> Iterator[Change]:
    """The other combinations, those first that the guide recommends."""
    for strategy in STRATEGIES:
        for observer in OBSERVERS:
            change = replace(base, strategy=strategy, observer=observer)
            if change != base:
                yield change


def better(one: Tried, than: Tried) -> bool:
    """Whether it is better by more than chance: its worst cosine, else its mean."""
    if abs(one.worst - than.worst) > LIKE:
        return one.worst > than.worst
    return one.mean > than.mean + LIKE
