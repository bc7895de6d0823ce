"""The eighteen situations of the vendor's run_joint: the same lines, streams, files and exit codes.

The lines are those of the public source, compiled and run (SDK V0.31); '#' stands for figures, '@' for versions.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from emulator.tool_process import Desk, Ended, launchers
from emulator.toys import write_batch, write_clash, write_toy

__all__ = ["launchers"]

IMAGE = np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes()

HEAD = """\
run joint version: @

virtual npu mode is 1_1

tools version: @
@
Using wbt 0
Max Batch Size {batch}
Support Dynamic Batch? {dynamic}
Is FilterMode? No

Quantization Type is 8 bit

"""
DATA = """\
Input[0]: data
    Shape [{batch}, 8, 8, 3] NHWC uint8 {color}\x20
    Memory Physical
    Size {size}
"""
TOY = (
    HEAD.format(batch=1, dynamic="No")
    + DATA.format(batch=1, color="RGB", size=192)
    + """\
Output[0]: prob/raw
    Shape [1, 10] NHWC float32\x20
    Memory Physical
    Size 40
Output[1]: feat
    Shape [1, 4, 2, 2] NCHW sint16 Q=256
    Memory Physical
    Size 32

Using batch size 1
"""
)
CLASH = (
    HEAD.format(batch=1, dynamic="No")
    + DATA.format(batch=1, color="RGB", size=192)
    + """\
Input[1]: roi
    Shape [1, 4] NCHW float32 FeatureMap\x20
    Memory Physical
    Size 16
Output[0]: a/b
    Shape [1, 10] NHWC float32\x20
    Memory Physical
    Size 40
Output[1]: a_b
    Shape [1, 10] NHWC float32\x20
    Memory Physical
    Size 40

Using batch size 1
"""
)
BATCH = (
    HEAD.format(batch=4, dynamic="Yes")
    + DATA.format(batch=4, color="BGR", size=768)
    + """\
Output[0]: prob
    Shape [4, 10] NHWC float32\x20
    Memory Physical
    Size 160

Using batch size {used}
"""
)
RUN = """\

Not set environment variable to report memory usage!

CMM usage: #

Create handle took # ms (neu # ms, onnx # ms, axe # ms, overhead # ms)
Run task took # us ({rounds} rounds for average)
\tRun NEU took an average of # us (overhead # us)

NPU perf cnt total: #
\tNPU perf cnt of eu(0): #
\tNPU perf cnt of eu(1): #
\tNPU perf cnt of eu(2): #
\tNPU perf cnt of eu(3): #
\tNPU perf cnt of eu(4): #
"""
ONCE = RUN.format(rounds=1)
DUMPED = """\
dump output[0] prob/raw as {folder}/prob_raw.bin {how}
dump output[1] feat as {folder}/feat.bin {how}
"""
BOTH = DUMPED.format(folder="out", how="success")
USAGE = """\
usage: ./run_joint [options] ... joint-file
options:
      --mode                   NPU mode, disable for no virtual npu; 1_1 for AX_NPU_VIRTUAL_1_1 (string [=])
  -d, --data                   The format is file0;file1... to specify data files for input vars.
\t'file*' would be directly loaded in binary format to tensor in order (string [=])
      --bin-out-dir            Dump output tensors in binary format (string [=])
      --repeat                 Repeat times for inference (int [=1])
      --warmup                 Repeat times for warmup (int [=0])
      --stride_w               mock input data with extra width stride (int [=0])
      --override_batch_size    override batch size for dynamic batch model (int [=0])
      --wbt_index              select WBT for inference (int [=0])
  -p, --manual_alloc           manually alloc buffer with ax sys api instead of joint api
  -t, --enable_trunc           truncate input data size to model required size when using a larger input data, \
experimental function, will be removed in future release
  -?, --help                   print this message
"""
VERSION = "run joint version: @\n"
MAIN = (
    "run_joint: run_joint.cpp:{line}: int main(int, char**): Assertion `AX_ERR_NPU_JOINT_SUCCESS == {call}' failed.\n"
)


@pytest.fixture
def desk(tmp_path: Path, launchers: Path) -> Desk:
    write_toy(tmp_path / "toy.joint")
    write_clash(tmp_path / "clash.joint")
    write_batch(tmp_path / "batch.joint")
    for name, content in (
        ("in.bin", IMAGE[:192]),
        ("in4.bin", IMAGE),
        ("short.bin", b"short"),
        ("roi.bin", np.arange(4, dtype=np.float32).tobytes()),
    ):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "out").mkdir()
    return Desk(tmp_path, launchers)


def masked(text: str) -> str:
    """The text with versions and figures struck out; the number of rounds is no figure."""
    text = re.sub(r"^(run joint version: ).*$", r"\1@", text, flags=re.M)
    text = re.sub(r"^(tools version: ).*\n[0-9a-f]{8}$", "\\1@\n@", text, flags=re.M)
    text = re.sub(r"^(CMM usage: |NPU perf cnt total: |\tNPU perf cnt of eu\(\d\): )\d+$", r"\1#", text, flags=re.M)
    return re.sub(r"(took |of |neu |onnx |axe |overhead )[\d.]+( ms| us)", r"\1#\2", text)


SITUATIONS = {
    "ok": ("toy.joint --data in.bin --bin-out-dir out", TOY + ONCE + BOTH),
    "repeat": (
        "toy.joint --data in.bin --bin-out-dir out --repeat 100 --warmup 10",
        TOY + RUN.format(rounds=99) + BOTH,
    ),
    "no input": (
        "toy.joint --bin-out-dir out",
        TOY + "input[0] data data not provided, using random data\n" + ONCE + BOTH,
    ),
    "missing input": (
        "toy.joint --data nofile.bin --bin-out-dir out",
        TOY + "read file nofile.bin for input[0] data data failed, using random data\n" + ONCE + BOTH,
    ),
    "short input": (
        "toy.joint --data short.bin --bin-out-dir out",
        TOY + "read file short.bin for input[0] data data size wrong, using random data\n" + ONCE + BOTH,
    ),
    "truncating": ("toy.joint --data in4.bin --enable_trunc --bin-out-dir out", TOY + ONCE + BOTH),
    "no out dir": (
        "toy.joint --data in.bin --bin-out-dir nodir",
        TOY + ONCE + DUMPED.format(folder="nodir", how="failed"),
    ),
    "two inputs, one given": (
        "clash.joint --data in.bin",
        CLASH + "input[1] roi data not provided, using random data\n" + ONCE,
    ),
    "batch of 4": (
        "batch.joint --data in4.bin --bin-out-dir out",
        BATCH.format(used=4) + ONCE + "dump output[0] prob as out/prob.bin success\n",
    ),
    "batch overridden": (
        "batch.joint --data in.bin --override_batch_size 1 --bin-out-dir out",
        BATCH.format(used=1) + ONCE + "dump output[0] prob as out/prob.bin success\n",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_ends_well_gives_the_vendors_lines(desk: Desk, situation: str) -> None:
    command, expected = SITUATIONS[situation]
    ended = desk.run("run_joint", *command.split())
    assert masked(ended.stdout) == expected
    assert (ended.stderr, ended.code) == ("", 0)
    dumped = {match[1]: match[2] for match in re.finditer(r"as (\S+) (success|failed)$", expected, re.M)}
    assert {path for path, how in dumped.items() if how == "success"} == {
        str(path.relative_to(desk.folder)) for path in desk.folder.glob("*/*.bin")
    }


ENDS: dict[str, tuple[str, dict[str, str], Ended]] = {
    "no model": ("none.joint", {}, Ended(255, VERSION + "read file none.joint failed\n", "")),
    "nothing": ("", {}, Ended(255, VERSION + "must specify joint file\n", "")),
    "bad flag": ("toy.joint --nope", {}, Ended(1, "", "undefined option: --nope\n" + USAGE)),
    "help": ("--help", {}, Ended(0, "", USAGE)),
    "name conflict": (
        "clash.joint --data in.bin;roi.bin --bin-out-dir out",
        {},
        Ended(
            134,
            "",
            "run_joint: run_joint.cpp:815: main(int, char**)::<lambda(const std::string&)>: Assertion `0' failed.\n",
        ),
    ),
    "run fails": (
        "toy.joint --data in.bin",
        {"AXPAIR_FAULT": "error-code"},
        Ended(134, "", MAIN.format(line=705, call="AX_JOINT_RunSync(joint_handle, joint_ctx, &io)")),
    ),
    "create fails": (
        "toy.joint --data in.bin",
        {"AXPAIR_FAULT": "version-mismatch"},
        Ended(
            134,
            "",
            MAIN.format(line=613, call="AX_JOINT_CreateHandle(&joint_handle, joint.data(), joint.size())"),
        ),
    ),
    "crash": ("toy.joint --data in.bin", {"AXPAIR_FAULT": "crash"}, Ended(139, "", "")),
}


@pytest.mark.parametrize("situation", ENDS)
def test_what_ends_badly_ends_like_the_vendors(desk: Desk, situation: str) -> None:
    command, variables, expected = ENDS[situation]
    ended = desk.run("run_joint", *command.split(), **variables)
    # The logs come from a stub of the runtime library; what the library itself says isn't in them.
    own = "".join(line for line in ended.stderr.splitlines(keepends=True) if not line.startswith("[Engine] "))
    assert Ended(ended.code, masked(ended.stdout), own) == expected


def test_the_mask_hides_figures_only() -> None:
    line = "Run task took 5415 us (99 rounds for average)\n    Shape [1, 8, 8, 3] NHWC uint8 RGB \n    Size 192\n"
    assert masked(line) == line.replace("5415", "#")
