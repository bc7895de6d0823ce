"""Faults that keep a model from being loaded at all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from axpair_agent.worker.runtime import RuntimeFault

from axpair_emulator.faults.fault import Fault, Parameter

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.device.accounts import Accounts


class VersionMismatch(Fault):
    """The joint, the runtime library and the driver belong to different releases."""

    name = "version-mismatch"
    summary = "the runtime refuses the joint: it is of another release than driver and library"
    code = "AX308"
    parameters = {  # noqa: RUF012
        "code": Parameter(0x80061084, "the code; by default AX_ERR_NPU_JOINT_MALFORMED_TOPOLOGY of the AX620A's header")
    }

    def loaded(self, executor: Executor) -> Executor:
        """Return it."""
        code = self.number("code")
        raise RuntimeFault(f"AX_JOINT_CreateHandle returned 0x{code:08x}", code)


class VnpuMismatch(Fault):
    """The NPU was initialised for another virtual-NPU mode than the joint was built for. Not numeric: no handle."""

    name = "vnpu-mismatch"
    summary = "the runtime refuses the joint: the NPU is in another virtual-NPU mode"
    code = "AX309"
    parameters = {"mode": Parameter("", "the board's mode; by default one that the joint wasn't built for")}  # noqa: RUF012

    def loaded(self, executor: Executor) -> Executor:
        """Refuse, unless the named mode is the joint's own. No error code is documented for it, so none is given."""
        built_for = executor.program.vnpu_mode
        mode = self.text("mode") or ("1_1" if built_for == "disable" else "disable")
        if mode == built_for:
            return executor
        raise RuntimeFault(
            f"AX_JOINT_CreateHandle failed: the NPU has already inited to mode {mode!r}, "
            f"the joint was built for mode {built_for!r}"
        )


class CmmLeak(Fault):
    """Memory that a handle took is not given back when it goes; only a restart of the board would."""

    name = "cmm-leak"
    summary = "every load leaves contiguous memory behind, until nothing is left for the next one"
    code = "AX310"
    parameters = {  # noqa: RUF012
        "loads": Parameter(32, "how many loads there were before, since the board was switched on"),
        "load_bytes": Parameter(64 << 20, "how much each load leaves behind"),
        "run_bytes": Parameter(0, "how much each run takes and keeps"),
    }

    _lost = 0
    _loads = 0
    _cmm: Accounts | None = None

    def opened(self, cmm: Accounts) -> None:
        """Take what is lost, and say how much is left; what this load loses is missing from the next one on."""
        lost = (self.number("loads") + self._loads) * self.number("load_bytes") + self._lost
        cmm.used += min(lost, cmm.total - cmm.used)
        self._loads += 1
        self._cmm = cmm
        _say(f"CMM before load: {cmm.line()}")

    def loaded(self, executor: Executor) -> Executor:
        """Say how much is left afterwards."""
        if self._cmm is not None:
            _say(f"CMM after load: {self._cmm.line()}")
        return executor

    def on_submit(self) -> None:
        """Lose what a run loses."""
        wanted = self.number("run_bytes")
        if self._cmm is not None and wanted > 0:
            self._cmm.take(wanted, "AX_JOINT_RunSync", _RUN_FAILED)
            self._lost += wanted
            _say(f"CMM after run: {self._cmm.line()}")


_RUN_FAILED = 0x80061086
"""AX_ERR_NPU_JOINT_RUN_FAILED of the AX620A's header."""


def _say(line: str) -> None:
    """As a library does: what it prints becomes log lines of the worker."""
    print(line, file=sys.stderr, flush=True)
