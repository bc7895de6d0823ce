"""Asks everything that can be asked of a configuration of pulsar2; says what couldn't be."""

from collections.abc import Iterator

from axpair_proto.capabilities import ModelSignature, ReadsModels
from axpair_proto.pulsar2.reading import parse_build_config
from axpair_proto.simulator import Simulator

from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.order import Linted, Order
from axpair_host.lint.pulsar2 import colors, data, feeding, layers, names, target, values
from axpair_host.lint.pulsar2.odd import told
from axpair_host.lint.pulsar2.subject import inputs_of
from axpair_host.progress import Progress

_OPTIMISED = "optimized.onnx"
"""What pulsar2 calls the graph whose names layer_configs mean."""


def lint(order: Order, text: str, simulator: Simulator | None, progress: Progress) -> Linted:
    """Raises a subclass of AxpairError for a configuration, model or set that can't be used."""
    read = parse_build_config(text, str(order.config))
    config = read.config
    linted = Linted(form="pulsar2")
    linted.hints += [
        Hint(one.kind, "", f"line {one.line}: {one.message}", one.write, {"line": one.line, "field": one.path})
        for one in read.complaints
    ]
    model = _model(order, simulator, linted, progress)
    inputs = inputs_of(config, model)
    looked = data.look_at_sets(inputs, order.config.parent, progress)
    linted.hints += target.hints(config, {one.path for one in read.complaints})
    linted.hints += names.hints(config, model)
    linted.hints += feeding.hints(config, inputs)
    each = [(one, odd) for one in inputs for odd in (*feeding.odds(one, config), *colors.odds(one), *values.odds(one))]
    linted.hints += told([*each, *looked.odds])
    linted.hints += looked.hints
    linted.hints += layers.hints(config.quant.layer_configs, model)
    linted.passed += looked.passed
    linted.passed += target.unchecked(config)
    linted.passed += feeding.unchecked(inputs)
    optimised = order.onnx is not None and order.onnx.name == _OPTIMISED
    linted.passed += layers.unchecked(config.quant.layer_configs, model, optimised)
    linted.passed += _not_done(order)
    return linted


def _model(order: Order, simulator: Simulator | None, linted: Linted, progress: Progress) -> ModelSignature | None:
    if order.onnx is None:
        linted.passed.append(
            Passed("model", "no ONNX model: names, shapes, channels and dtypes aren't held against it", "--onnx {onnx}")
        )
        return None
    if not isinstance(simulator, ReadsModels):
        linted.passed.append(Passed("model", "no simulator that reads models is installed (axpair[emulator])"))
        return None
    with progress.task("look at the model"):
        return simulator.signature(order.onnx)


def _not_done(order: Order) -> Iterator[Passed]:
    asked = [
        flag for flag, given in (("--input", order.inputs), ("--train", order.train), ("--score", order.score)) if given
    ]
    if asked:
        yield Passed(
            ", ".join(asked),
            "pulsar2's toolchain isn't emulated yet: nothing is built or run under its configuration",
        )
