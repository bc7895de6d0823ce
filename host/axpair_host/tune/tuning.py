"""Tries one thing after the other, in the order of the guide: each stage starts from the best so far."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from axpair_proto.advice import UNKNOWN, Again, Next, calling
from axpair_proto.capabilities import BuildsModels, DumpsLayers
from axpair_proto.errors import AxpairError
from axpair_proto.gt.listing import claim, list_written, refuse_foreign, refuse_other_kind
from axpair_proto.meanings import meanings
from axpair_proto.simulator import Models, Simulator, Tensors
from msgspec import UNSET

from axpair_host.compare.rows import compare_outputs
from axpair_host.documents.tuned import SCHEMA_VERSION, Outcome, TunedDocument
from axpair_host.errors import UsageError
from axpair_host.inputs import InputFile, cases_of
from axpair_host.layers.sixteen import around
from axpair_host.progress import Progress
from axpair_host.scoring.costs import enters_at, worst_first
from axpair_host.scoring.dumping import dumped_scores
from axpair_host.tune.trial import Change, Tried, better, configured, settings, strategies, write

FILES = ("config.prototxt", "model.joint", "model.lava_joint")
"""Of each trial."""
KIND = "trial"
"""What the mark of a trial's folder says that it is."""


@dataclass(frozen=True)
class Order:
    """What the user gave."""

    onnx: Path
    config: Path
    files: Sequence[InputFile]
    """As `axpair_host.inputs.cases_of` takes them."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sizes: Sequence[int] = ()
    sets: Sequence[Path] = ()
    sixteen: int = 0
    """How many of the worst layers get 16 bit."""


@dataclass(frozen=True)
class Tuned:
    """All trials in the order in which they were made."""

    trials: tuple[Tried, ...]
    best: int
    """Place in `trials`."""
    notes: tuple[str, ...] = ()

    def document(self, order: Order, simulator: str, name: str, written: Path | None = None) -> TunedDocument:
        """What is printed. `written`: where the best configuration was put."""
        return TunedDocument(
            schema_version=SCHEMA_VERSION,
            title=f"{name}, not the chip",
            simulator=simulator,
            onnx=str(order.onnx),
            config=str(order.config),
            cases=tuple(file.named for file in order.files),
            trials=tuple(one.row for one in self.trials),
            best=self.best,
            settings=settings(self.trials[self.best].change, self.trials[0].change) or None,
            notes=self.notes,
            written=UNSET if written is None else str(written),
        )


def tune(order: Order, simulator: Simulator, folder: Path, progress: Progress) -> Tuned:
    """Build and score every trial in `folder`; the first is the configuration as it is.

    Raises a subclass of AxpairError where that one can't be built, or a case can't be used. A later trial whose build
    fails is a row that says so.
    """
    most = 4 + len(order.sizes) + len(order.sets) + min(order.sixteen, 1)
    refuse_other_kind(folder, KIND)
    for number in range(1, most + 1):
        refuse_foreign(folder / f"trial-{number}", FILES, KIND)
    bench = _Bench(order, simulator, folder, progress)
    base = configured(order.config)
    progress.note(f"at most {most} models are built, one after the other")
    best = bench.first(base)
    best = bench.of(best, strategies(base))
    best = bench.of(best, (replace(best.change, size=size) for size in order.sizes if size != best.change.size))
    best = bench.of(best, (replace(best.change, archive=path) for path in order.sets))
    if order.sixteen:
        best = bench.of(best, bench.wide(best))
    return Tuned(tuple(bench.trials), bench.trials.index(best), tuple(bench.notes))


class _Bench:
    """Builds, runs the cases, and keeps what came of it."""

    def __init__(self, order: Order, simulator: Simulator, folder: Path, progress: Progress) -> None:
        if not isinstance(simulator, BuildsModels):
            raise UsageError(
                f"the simulator {simulator.name!r} builds no models",
                next_step=Next("without it:", Again(without=("--simulator",))),
            )
        self._order, self._simulator, self._folder, self._progress = order, simulator, folder, progress
        self._builds: BuildsModels = simulator
        self._cases: list[tuple[Mapping[str, bytes], Tensors]] = []
        self._built: dict[int, Models] = {}
        self.trials: list[Tried] = []
        self.notes: list[str] = []

    def first(self, change: Change) -> Tried:
        """The configuration as it is; the cases are prepared for it and run through the float model."""
        models, seconds = self._build(change)
        names = [one.name for one in self._simulator.describe(models.joint).inputs]
        cases = cases_of(names, self._order.files)
        with self._progress.task("run the float model", len(cases), "cases") as task:
            for done, files in enumerate(cases, start=1):
                data = self._simulator.prepare(models, files).data
                self._cases.append((data, self._simulator.run(models, "onnx", data)))
                task.at(done)
        return self._score(change, models, seconds)

    def of(self, best: Tried, changes: Iterable[Change]) -> Tried:
        """The best of that and these."""
        chosen = best
        for change in list(changes):
            tried = self._try(change)
            if not tried.failed and better(tried, chosen):
                chosen = tried
        return chosen

    def wide(self, best: Tried) -> list[Change]:
        """16 bit in the layers of the best trial that cost most of their own."""
        models = self._built[self.trials.index(best)]
        if not isinstance(self._simulator, DumpsLayers):
            self.notes.append("16 bit wasn't tried: the simulator shows no layers")
            return []
        scores = dumped_scores(self._simulator, models, self._cases[0][0], self._progress, joint=False)
        operators: dict[str, None] = {}
        layers = 0
        for row in worst_first(scores):
            if layers == self._order.sixteen or row.own_loss == 0:
                break
            try:
                operators |= dict.fromkeys(around(self._simulator, models, scores, enters_at(scores, row)))
            except UsageError:  # the input's own quantisation is no operator's
                continue
            layers += 1
        if not layers:
            self.notes.append("16 bit wasn't tried: no layer has an error of its own")
            return []
        return [replace(best.change, operators=tuple(operators), wide_layers=layers)]

    def _try(self, change: Change) -> Tried:
        try:
            models, seconds = self._build(change)
            return self._score(change, models, seconds)
        except AxpairError as error:
            if error.side != "input":
                raise
            self.trials.append(Tried(change, {}, failed=error.message))
            return self.trials[-1]

    def _build(self, change: Change) -> tuple[Models, float]:
        place = self._folder / f"trial-{len(self.trials) + 1}"
        claim(place, FILES, KIND)
        write(self._order.config, place / "config.prototxt", change)
        started = time.perf_counter()
        with self._progress.task(f"build {len(self.trials) + 1}: {told(change)}"):
            models = self._builds.build(
                self._order.onnx, place / "config.prototxt", place / "model.joint", shapes=self._order.shapes
            )
        list_written(place, FILES, KIND)
        return models, time.perf_counter() - started

    def _score(self, change: Change, models: Models, seconds: float) -> Tried:
        cosines: dict[str, list[float]] = {}
        for data, wanted in self._cases:
            known = meanings(self._order.onnx, list(wanted))
            compared = compare_outputs(
                wanted, self._simulator.run(models, "joint", data), known.ordered, naming=known.named
            )
            for name, one in compared.items():
                if (likeness := one.likeness) is not None:
                    cosines.setdefault(name, []).append(likeness)
        outputs = {name: Outcome(min(some), sum(some) / len(some)) for name, some in cosines.items()}
        if not outputs:
            raise UsageError(
                "no output of any case has a finite cosine",
                next_step=calling(
                    *("axpair", "pair", "--joint", UNKNOWN["joint"], "--onnx", self._order.onnx),
                    *(word for file in self._order.files[:1] for word in ("--input", file.packed or file.path)),
                    text="look at the case, with the joint as it is built:",
                ),
            )
        self._built[len(self.trials)] = models
        self.trials.append(Tried(change, outputs, seconds, models.joint.stat().st_size))
        return self.trials[-1]


def told(change: Change) -> str:
    """A change in a few words."""
    words = [change.strategy, change.observer, f"{change.size} samples" if change.size else "all samples"]
    if change.archive is not None:
        words.append(change.archive.name)
    if change.wide_layers:
        words.append(f"16 bit in {change.wide_layers} layer{'s' if change.wide_layers > 1 else ''}")
    return ", ".join(words)
