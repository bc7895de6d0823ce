"""Faults of the driver and of the process that it lives in: delivery, crash, hang, error codes."""

from __future__ import annotations

import ctypes
import os
import time

from axpair_agent.worker.runtime import RuntimeFault

from axpair_emulator.faults.fault import Fault, Parameter

_AT = {"at": Parameter(1, "in which run of this process it happens first, counted from 1; then in all later ones", 1)}


class InputNotDelivered(Fault):
    """The flush of the input buffer is forgotten: the NPU reads what it held before."""

    name = "input-not-delivered"
    summary = "the input doesn't reach the device: its buffer keeps older bytes"
    code = "AX101"
    parameters = {"at": Parameter(2, "from which run of this process on, counted from 1", 1)}  # noqa: RUF012

    _runs = 0

    def on_submit(self) -> None:
        """Count."""
        self._runs += 1

    def delivered(self, data: bytes, held: bytes) -> bytes:
        """Keep what the buffer held."""
        return held if self._runs >= self.number("at") else data


class _AtRun(Fault):
    """Something that happens when a run is submitted."""

    code = "AX307"
    parameters = _AT

    _runs = 0

    def on_submit(self) -> None:
        """Strike, once its run has come."""
        self._runs += 1
        if self._runs >= self.number("at"):
            self.strike()

    def strike(self) -> None:
        """What happens."""
        raise NotImplementedError


class Crash(_AtRun):
    """The vendor's library reads where nothing is."""

    name = "crash"
    summary = "the runtime dies of a segmentation fault"

    def strike(self) -> None:
        """Read address 0."""
        ctypes.string_at(0)


class Hang(_AtRun):
    """An interrupt that never comes."""

    name = "hang"
    summary = "the runtime never comes back from a run"

    def strike(self) -> None:
        """Wait forever."""
        while True:
            time.sleep(3600)


class Exit(_AtRun):
    """A library that ends the process by itself, as assertions do."""

    name = "exit"
    summary = "the runtime ends its process"
    parameters = {**_AT, "status": Parameter(134, "the process's exit status", 0, 255)}  # noqa: RUF012

    def strike(self) -> None:
        """End without a word."""
        os._exit(self.number("status") & 0xFF)


class ErrorCode(_AtRun):
    """The driver says no."""

    name = "error-code"
    summary = "the runtime returns an error code"
    parameters = {  # noqa: RUF012
        **_AT,
        "code": Parameter(0x80061086, "the code; by default AX_ERR_NPU_JOINT_RUN_FAILED of the AX620A's header", 1),
    }

    def strike(self) -> None:
        """Return it."""
        code = self.number("code")
        raise RuntimeFault(f"AX_JOINT_RunSync returned 0x{code:08x}", code)


class Slow(Fault):
    """A board that takes its time; its answers are right."""

    name = "slow"
    summary = "every run takes longer"
    code = ""
    parameters = {"milliseconds": Parameter(500, "how much longer", 1, 600_000)}  # noqa: RUF012

    def on_submit(self) -> None:
        """Sleep."""
        time.sleep(self.number("milliseconds") / 1000)
