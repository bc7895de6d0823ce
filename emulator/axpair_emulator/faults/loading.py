"""Faults that keep a model from being loaded at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axpair_agent.worker.runtime import RuntimeFault

from axpair_emulator.faults.fault import Fault, Parameter

if TYPE_CHECKING:
    from axpair_emulator.cmodel.execute import Executor


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
