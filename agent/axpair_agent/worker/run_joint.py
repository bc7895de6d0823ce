"""The vendor's command line `run_joint` as a runtime: each round is a process of its own, its log is kept.

Flags, file names and exit codes are those of run_joint, SDK V0.31; `--cache-mode` came with a later release.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from axpair_proto.logged_run import RunLog
from axpair_proto.programs import Printed, handed_folder
from axpair_proto.regular import read_regular
from axpair_proto.run_logs import read_run_log

from axpair_agent.worker.runtime import Buffer, EndedFromOutside, OptionError, RuntimeFault

PLACES = ("/opt/bin/run_joint", "/soc/bin/run_joint")
"""Where the vendors' images have it; outside a login shell these aren't on the PATH."""
LIBRARIES = ("/opt/lib", "/soc/lib")
"""Beside those; the program doesn't find them by itself outside a login shell either."""
SWITCHES = {"cache-mode": "--cache-mode", "mode": "--mode", "stride_w": "--stride_w"}
"""Options with a value that go to the program as they are; what it makes of them is its own affair."""
_MAX_LOG = 1 << 20
_MAX_OUTPUT = 1 << 30


class RunJoint:
    """Options: command=PATH, seconds=N (300, for one call), cache-mode, mode, stride_w, manual_alloc=1."""

    name = "run_joint"

    def __init__(self, options: Mapping[str, str]) -> None:
        """Raises OptionError for options that don't exist, FileNotFoundError where there is no such program."""
        for key in options:
            if key not in ("command", "seconds", "manual_alloc", *SWITCHES):
                raise OptionError(f"there is no option {key!r}")
        try:
            self._seconds = float(options.get("seconds", "300"))
        except ValueError:
            raise OptionError(f"the option 'seconds' takes a number, not {options['seconds']!r}") from None
        self._command = _find(options.get("command", ""))
        self._flags = [f"{flag}={options[key]}" for key, flag in SWITCHES.items() if options.get(key)]
        if options.get("manual_alloc", "") not in ("", "0"):
            self._flags.append("-p")
        self._joint = ""
        self._log: List[str] = []
        self._description: Dict[str, Any] = {}

    def versions(self) -> Dict[str, str]:
        """The program's version once it ran, and the flags that it is given besides."""
        said = read_run_log(self._log).versions
        found = {
            "runtime": said.get("runtime", self.name),
            "command": self._command,
            "flags": " ".join(self._flags),
            "vnpu": said.get("vnpu", ""),
        }
        return {key: value for key, value in found.items() if value}

    def load(self, path: str) -> Dict[str, Any]:
        """Run the model once without data, which makes the program describe it.

        Raises RuntimeFault where it fails, or says something of the model that isn't understood.
        """
        self._joint = path
        with handed_folder("axpair-run_joint-") as folder:
            self._log = self._call([], folder)
        found = _description(read_run_log(self._log))
        if found is None:
            raise RuntimeFault(
                f"{self._command} doesn't list the model's inputs and outputs in a form that is understood"
            )
        files = [_file_name(output["name"]) for output in found["outputs"]]
        if len(set(files)) != len(files):
            raise RuntimeFault(f"run_joint writes two outputs into one file: {', '.join(sorted(files))}")
        self._description = found
        return found

    def outputs(self) -> None:
        """The buffers are the program's own: nothing can be poisoned."""
        return None

    def run(self, inputs: Sequence[bytes]) -> List[Buffer]:
        """Write the inputs as files, call the program, read what it dumped.

        Raises RuntimeFault where it fails, doesn't take an input, or leaves an output out or cuts it short.
        """
        with handed_folder("axpair-run_joint-") as folder:
            (folder / "out").mkdir()
            paths = [folder / f"{index}.bin" for index in range(len(inputs))]
            for path, data in zip(paths, inputs):
                path.write_bytes(data)
            data_flag = ["--data", ";".join(map(str, paths)), "--bin-out-dir", str(folder / "out")]
            self._log = self._call(data_flag, folder)
            refused = read_run_log(self._log).not_fed
            if refused:
                raise RuntimeFault(f"run_joint ran without the input that it was given: {refused[0]}")
            return [self._read(folder / "out", output) for output in self._description["outputs"]]

    def close(self) -> None:
        """Nothing is held between calls."""

    def _call(self, arguments: List[str], folder: Path) -> List[str]:
        """Run the program in a folder; its lines are printed once more, which makes them log lines."""
        command = [self._command, *self._flags, *arguments, self._joint]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_variables(),
            )
        except OSError as error:
            raise RuntimeFault(f"{self._command} can't be run: {error}") from error
        assert process.stdout is not None
        said = Printed(process.stdout, first=_MAX_LOG, last=0)
        try:
            status = process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeFault(f"run_joint gave no answer within {self._seconds:g} s and was ended") from None
        finally:
            process.kill()
            process.wait()
            lines = said.kept().decode("utf-8", "replace").splitlines()
            for line in lines:
                print(line)
            sys.stdout.flush()
        if status == -signal.SIGKILL:
            raise EndedFromOutside(_ended(status, lines), 128 - status)
        if status:
            raise RuntimeFault(_ended(status, lines), 128 - status if status < 0 else status)
        return lines

    def _read(self, folder: Path, output: Mapping[str, Any]) -> bytes:
        path = folder / _file_name(output["name"])
        try:
            data = read_regular(path, min(output["size_bytes"], _MAX_OUTPUT), follow=False)
            size = max(len(data), path.stat().st_size)
        except OSError as error:
            raise RuntimeFault(f"run_joint left no output {output['name']!r}: {path.name}: {error.strerror}") from error
        if not len(data) == size == output["size_bytes"]:
            raise RuntimeFault(
                f"run_joint left {size} bytes of output {output['name']!r}, which has {output['size_bytes']}"
            )
        return data


def _description(log: RunLog) -> Optional[Dict[str, Any]]:
    """The JSON form of a ModelDescription; None where the log doesn't hold every input and output whole.

    Steps and CPU parts aren't printed: they stay unknown.
    """
    if not log.inputs or not log.outputs:
        return None
    return {
        "inputs": [one._asdict() for one in log.inputs],
        "outputs": [one._asdict() for one in log.outputs],
        "tools_version": " ".join(log.toolchain.split()),
        "max_batch": log.max_batch,
        "dynamic_batch": log.dynamic_batch,
        "vnpu_mode": log.versions.get("vnpu", ""),
    }


def _find(command: str) -> str:
    candidates = (command,) if command else ("run_joint", *PLACES)
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return str(Path(found).absolute())
    raise FileNotFoundError(f"no program {' or '.join(candidates)} is there")


def _variables() -> Dict[str, str]:
    variables = dict(os.environ)
    libraries = [folder for folder in LIBRARIES if Path(folder).is_dir()]
    if libraries:
        known = variables.get("LD_LIBRARY_PATH", "")
        variables["LD_LIBRARY_PATH"] = ":".join([*filter(None, [known]), *libraries])
    return variables


def _file_name(output: str) -> str:
    return output.replace("/", "_") + ".bin"


def _ended(status: int, lines: Sequence[str]) -> str:
    how = f"exit status {status}"
    if status < 0:
        try:
            how = signal.Signals(-status).name
        except ValueError:
            how = f"signal {-status}"
    # A flag that it doesn't know comes first, its usage behind it.
    in_order = lines if status == 1 else list(reversed(lines))
    telling = next((line.strip() for line in in_order if line.strip()), "it printed nothing")
    return f"run_joint ended with {how}: {telling}"
