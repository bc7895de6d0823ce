"""The emulated board as a runtime of the worker: `axpair.runtimes` names it "emulator".

Options: fault=NAME[,NAME...] and their parameters, seed=N, threads=N (of the NPU's stand-in, 1 by default).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axpair_agent.worker.runtime import OptionError, RuntimeFault

from axpair_emulator.errors import EmulatorError, FaultError
from axpair_emulator.faults.catalogue import chosen, whole_number

if TYPE_CHECKING:
    from axpair_emulator.device.driver import Device

CHIP = "AX620A-emulated"


class EmulatorRuntime:
    """Runs joints from `axpair emulator build` on the cmodel, with injected faults if any."""

    name = "emulator"

    def __init__(self, options: Mapping[str, str]) -> None:
        """Raises OptionError on options that don't exist."""
        try:
            self._faults = chosen(options)
            self._threads = whole_number("threads", options.get("threads", "1"))
        except EmulatorError as error:
            raise OptionError(str(error)) from error
        if not 1 <= self._threads <= 256:
            raise OptionError(f"the option 'threads' takes 1 to 256, not {self._threads}")
        self._device: Device | None = None
        self._toolchain = ""

    def versions(self) -> dict[str, str]:
        """Runtime, chip, driver, and once a model is loaded the toolchain that it says built it."""
        try:
            own = version("axpair")
        except PackageNotFoundError:
            own = "unknown"
        found = {"runtime": f"emulator {own}", "chip": CHIP, "driver": f"emulated {own}", "toolchain": self._toolchain}
        if self._device is not None:
            found["threads"] = str(self._device.threads)
            found["vnpu"] = self._device.program.vnpu_mode
        said: Mapping[str, str] = {key: value for key, value in found.items() if value}
        for fault in self._faults:
            said = fault.versions(said)
        return dict(said)

    def load(self, path: str) -> dict[str, Any]:
        """Read the joint and prepare it; returns its description.

        Raises RuntimeFault where it isn't one of ours, OptionError where the model has no room for a fault.
        """
        from axpair_emulator.device.driver import Device
        from axpair_emulator.ports import describe, output_steps
        from axpair_emulator.storage.joint_file import load_program

        try:
            program = load_program(Path(path))
            self._device = Device(program, self._faults, self._threads)
        except FaultError as error:
            raise OptionError(str(error)) from error
        except EmulatorError as error:
            raise RuntimeFault(str(error)) from error
        self._toolchain = program.tools_version
        description = describe(
            program.inputs,
            program.outputs,
            output_steps(program),
            program.tools_version,
            program.max_batch,
            program.dynamic_batch,
            program.vnpu_mode,
        )
        return description.to_json()

    def outputs(self) -> list[memoryview]:
        """The buffers of the ring's next slot."""
        return self._loaded().upcoming_outputs()

    def run(self, inputs: Sequence[bytes]) -> Sequence[memoryview]:
        """Run once; see `Device.run`."""
        try:
            return self._loaded().run(inputs)
        except EmulatorError as error:
            raise RuntimeFault(str(error)) from error

    def delivered(self) -> list[memoryview]:
        """The device's input buffers."""
        return self._loaded().delivered()

    def close(self) -> None:
        """Let the model go."""
        self._device = None

    def _loaded(self) -> Device:
        if self._device is None:
            raise RuntimeFault("no model is loaded")
        return self._device
