"""All faults by name, and how options choose among them: one line to add one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from axpair_proto.advice import UNKNOWN, Next, calling

from axpair_emulator.errors import FaultError
from axpair_emulator.faults import (
    arithmetic,
    driver,
    execution,
    frontend,
    handout,
    importing,
    instructions,
    loading,
    state,
    toolchain,
    transfer,
)
from axpair_emulator.faults.fault import Fault, Parameter, Value
from axpair_emulator.faults.known import checked_seed, suggestion
from axpair_emulator.faults.only import OPTION as ONLY
from axpair_emulator.faults.only import read_only

_CLASSES: tuple[type[Fault], ...] = (
    transfer.StaleOutput,
    transfer.StaleLines,
    transfer.UnwrittenOutput,
    transfer.TruncatedDma,
    transfer.ActivationBit,
    transfer.StuckLine,
    transfer.NanOutput,
    frontend.ChannelSwap,
    frontend.WrongStride,
    handout.SwappedOutputs,
    handout.OutputLayout,
    handout.QNotApplied,
    handout.WrongBatchItem,
    execution.WeightBit,
    execution.Race,
    state.LeftoverState,
    state.UnfitBoard,
    instructions.WrongLutEntry,
    instructions.WrongInstruction,
    arithmetic.TruncatedRounding,
    arithmetic.WrapAround,
    arithmetic.AccumulatorWrap,
    loading.VersionMismatch,
    loading.VnpuMismatch,
    loading.CmmLeak,
    loading.DiskFull,
    loading.HandlesExhausted,
    driver.InputNotDelivered,
    driver.Crash,
    driver.Hang,
    driver.Exit,
    driver.ErrorCode,
    driver.Slow,
)


@dataclass(frozen=True)
class FaultInfo:
    """A fault as the catalogue lists it."""

    name: str
    summary: str
    code: str
    """The code of the fault book that has to be found; "" where the answers are right."""
    parameters: Mapping[str, Parameter]
    make: type[Fault]


FAULTS: Mapping[str, FaultInfo] = {
    one.name: FaultInfo(one.name, one.summary, one.code, one.parameters, one) for one in _CLASSES
}
"""By the name under which they are injected: `emulator:?fault=NAME`."""

_COMMON = ("fault", "seed", "threads", ONLY)


def names() -> tuple[str, ...]:
    """Of every fault that a board can have: the entry point axpair.faults."""
    return tuple(FAULTS)


def chosen(options: Mapping[str, str]) -> tuple[Fault, ...]:
    """The faults that options ask for: fault=NAME[,NAME...], seed=N, and the parameters of those faults.

    A parameter is given by its name, or as NAME.parameter where several faults have it. Every fault takes only=K/N:
    it strikes those inputs alone whose digest falls into class K of N.
    Raises FaultError for unknown names, options and unreadable numbers.
    """
    names = [name for name in options.get("fault", "").split(",") if name]
    for name in names:
        if name in toolchain.FAULTS or name == importing.GRAPH_IMPORT.name:
            raise FaultError(
                f"{name!r} is a fault of the compiler, not of the board",
                next_step=calling(
                    *("axpair", "emulator", "build", "--input", UNKNOWN["onnx"], "--config", UNKNOWN["config"]),
                    *("--output", UNKNOWN["joint"], "--fault", name),
                    text="build the joint with it:",
                ),
            )
        if name not in FAULTS:
            raise FaultError(f"there is no fault {name!r}", next_step=_listed(suggestion(name, FAULTS)))
    known = {*_COMMON}
    for name in names:
        known.update(FAULTS[name].parameters, (f"{name}.{key}" for key in (*FAULTS[name].parameters, ONLY)))
    for option in options:
        if option not in known:
            raise FaultError(
                f"the emulated board has no option {option!r} here",
                next_step=_listed(suggestion(option, sorted(known))),
            )
    seed = checked_seed(whole_number("seed", options.get("seed", "0")))
    return tuple(_made(FAULTS[name], options, seed) for name in names)


def _listed(text: str = "") -> Next:
    return calling("axpair", "emulator", "faults", text="; ".join(filter(None, [text, "all with their parameters:"])))


def _made(info: FaultInfo, options: Mapping[str, str], seed: int) -> Fault:
    fault = info.make(_values(info, options), seed)
    only = options.get(f"{info.name}.{ONLY}", options.get(ONLY))
    fault.only = read_only(only) if only is not None else None
    fault.check()
    return fault


def _values(info: FaultInfo, options: Mapping[str, str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, parameter in info.parameters.items():
        text = options.get(f"{info.name}.{key}", options.get(key))
        if text is None:
            values[key] = parameter.default
        else:
            values[key] = _number(key, text, parameter) if isinstance(parameter.default, int) else text
            if parameter.choices and text not in parameter.choices:
                raise FaultError(
                    f"the option {key!r} of {info.name!r} can't be {text!r}",
                    next_step=suggestion(text, parameter.choices),
                )
    return values


def _number(key: str, text: str, parameter: Parameter) -> int:
    number = whole_number(key, text)
    if not parameter.least <= number <= parameter.most:
        raise FaultError(
            f"the option {key!r} takes {parameter.least} to {parameter.most}, not {number}", next_step=_listed()
        )
    return number


def whole_number(name: str, text: str) -> int:
    """A whole number, decimal or with 0x. Raises FaultError."""
    try:
        return int(text, 0)
    except ValueError:
        raise FaultError(f"the option {name!r} takes a whole number, not {text!r}") from None
