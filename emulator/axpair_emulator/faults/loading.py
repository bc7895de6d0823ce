"""Faults that keep a model from being loaded at all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from axpair_agent.worker.runtime import RuntimeFault

from axpair_emulator.errors import FaultError
from axpair_emulator.faults.fault import Fault, Parameter

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor
    from axpair_emulator.device.accounts import Accounts


MODES = ("disable", "1_1", "2_2", "3_1")
"""Virtual-NPU modes as run_joint names them, in the order of the header's numbers."""


class VersionMismatch(Fault):
    """The joint, the runtime library and the driver belong to different releases."""

    name = "version-mismatch"
    summary = "the runtime refuses the joint: it is of another release than driver and library"
    code = "AX308"
    parameters = {  # noqa: RUF012
        "code": Parameter(
            0x80061084, "the code; by default AX_ERR_NPU_JOINT_MALFORMED_TOPOLOGY of the AX620A's header", 1
        ),
        "driver": Parameter("0.0.1", "the release that the driver says it is of"),
    }

    def versions(self, found: Mapping[str, str]) -> Mapping[str, str]:
        """Another release of the driver."""
        return {**found, "driver": f"emulated {self.text('driver')}"}

    def loaded(self, executor: Executor) -> Executor:
        """Say what libax_engine says of a model that it can't read, and return the code."""
        code = self.number("code")
        size = sum(array.nbytes for array in executor.program.arrays.values())
        _say(f"[Engine] Get model type {{addr: 0x{0:016X}, size: 0x{size:x}}} failed.")
        raise RuntimeFault(f"AX_JOINT_CreateHandle returned 0x{code:08x}", code)


class VnpuMismatch(Fault):
    """The NPU was initialised for another virtual-NPU mode than the joint was built for. Not numeric: no handle."""

    name = "vnpu-mismatch"
    summary = "the runtime refuses the joint: the NPU is in another virtual-NPU mode"
    code = "AX309"
    parameters = {  # noqa: RUF012
        "mode": Parameter("", "the board's mode; by default one that the joint wasn't built for", choices=MODES)
    }

    _mode = ""

    def versions(self, found: Mapping[str, str]) -> Mapping[str, str]:
        """The board's own mode, once it is settled."""
        mode = self.text("mode") or self._mode
        return {**found, "vnpu": mode} if mode else found

    def loaded(self, executor: Executor) -> Executor:
        """Refuse. No error code is documented for it, so none is given. Raises FaultError for the joint's own mode."""
        built_for = executor.program.vnpu_mode
        self._mode = mode = self.text("mode") or ("1_1" if built_for == "disable" else "disable")
        if mode == built_for:
            others = ", ".join(one for one in MODES if one != built_for)
            raise FaultError(f"the joint was built for mode {mode!r}: that is no mismatch", next_step=f"give {others}")
        wanted, present = (MODES.index(one) if one in MODES else 0 for one in (built_for, mode))
        _say(f"[Engine] Init engine with mode {{ {wanted} }} failed, NPU has already inited to mode{{ {present} }}.")
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

    def check(self) -> None:
        """Something has to leak."""
        if not self.number("load_bytes") and not self.number("run_bytes"):
            raise FaultError("load_bytes and run_bytes are both 0: nothing leaks", next_step="give one of them")

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


class DiskFull(Fault):
    """A model is unpacked where there is no room: a diagnosis that was once taken for a wrong release."""

    name = "disk-full"
    summary = "the runtime can't unpack the model: the board's disk is full"
    code = "AX310"

    def loaded(self, executor: Executor) -> Executor:
        """Fail as the system call does."""
        raise RuntimeFault(
            f"AX_JOINT_CreateHandle returned 0x{_UNKNOWN_FAILURE:08x}: write: {os.strerror(errno.ENOSPC)}",
            _UNKNOWN_FAILURE,
        )


class HandlesExhausted(Fault):
    """Programs that don't give their handles back."""

    name = "handles-exhausted"
    summary = "the runtime opens no more: all handles are taken"
    code = "AX310"
    parameters = {"most": Parameter(32, "how many handles there are", 1)}  # noqa: RUF012

    def loaded(self, executor: Executor) -> Executor:
        """Fail with the NPU's own code and the system's words."""
        raise RuntimeFault(
            f"AX_JOINT_CreateHandle returned 0x{_NO_RESOURCES:08x}: {self.number('most')} of {self.number('most')} "
            f"handles are taken: {os.strerror(errno.EMFILE)}",
            _NO_RESOURCES,
        )


_UNKNOWN_FAILURE = 0x80061081
"""AX_ERR_NPU_JOINT_UNKNOWN_FAILURE of the AX620A's header."""
_NO_RESOURCES = 0x80060085
"""AX_ERR_NPU_NO_RESOURCES."""
_RUN_FAILED = 0x80061086
"""AX_ERR_NPU_JOINT_RUN_FAILED of the AX620A's header."""


def _say(line: str) -> None:
    """As a library does: what it prints becomes log lines of the worker."""
    print(line, file=sys.stderr, flush=True)
