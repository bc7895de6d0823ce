"""A failed assertion: how the vendor's program ends when something goes wrong (SIGABRT, 134 in the shell)."""

from __future__ import annotations

CREATE_HANDLE = (
    "run_joint: run_joint.cpp:613: int main(int, char**): Assertion `AX_ERR_NPU_JOINT_SUCCESS == "
    "AX_JOINT_CreateHandle(&joint_handle, joint.data(), joint.size())' failed."
)
RUN_SYNC = (
    "run_joint: run_joint.cpp:705: int main(int, char**): Assertion `AX_ERR_NPU_JOINT_SUCCESS == "
    "AX_JOINT_RunSync(joint_handle, joint_ctx, &io)' failed."
)
NAME_CONFLICT = "run_joint: run_joint.cpp:815: main(int, char**)::<lambda(const std::string&)>: Assertion `0' failed."
ZERO = "run_joint: run_joint.cpp: int main(int, char**): Assertion `0' failed."
"""Where no line number is known."""


class Aborted(Exception):
    """The program aborts with this line on stderr."""

    def __init__(self, assertion: str, reason: str = "") -> None:
        super().__init__(assertion)
        self.assertion = assertion
        self.reason = reason
        """What the emulator adds for people, on stderr too; "" where the real program would say nothing either."""
