"""What a terminal shows of real runs, as pictures: `python -m docs.captures [FOLDER]`.

Each command runs on a terminal of its own, at 80 and at 140 columns, colored and plain. FOLDER (default: a temporary
one, whose path is printed) gets all of them, to be looked at; those that the documents show go into docs/.
"""

import contextlib
import fcntl
import os
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from axpair_host.demo.material import models_in
from axpair_proto.lines import command_lines
from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

DOCS = Path(__file__).parent
COLUMNS = (80, 140)
_FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""rich's own would have whoever looks at a page fetch a font elsewhere."""


@dataclass(frozen=True)
class Scene:
    """One command line, in a folder that `axpair demo` has filled."""

    name: str
    command: str
    in_docs: int = 0
    """The columns at which the documents show it; 0 = not."""


def scenes(out: Path) -> list[Scene]:
    """What is captured, in an order in which each finds what it needs."""
    models = models_in(out / "model")
    conversion = f"--joint {models.joint} --onnx {models.onnx} --lava-joint {models.lava_joint}"
    page = f"--input {out / 'pages' / 'page-90.png'}"
    stale = "--board 'emulator:?fault=stale-output'"
    return [
        Scene("demo", f"axpair demo --out {out}", 80),
        Scene("pair", f"axpair pair {conversion} {page} {stale}", 80),
        Scene("pair-verbose", f"axpair pair {conversion} {page} {stale} -v"),
        Scene("replay", f"axpair replay {out / 'pages'} --run run {conversion} {stale}", 80),
        Scene("layers", f"axpair layers {conversion} {page}", 140),
        Scene("compare", "axpair compare gt/joint gt/board"),
        Scene("explain", "axpair explain"),
        Scene("explain-code", "axpair explain AX302"),
        Scene("faults", "axpair emulator faults"),
        Scene("model", f"axpair model info {models.joint}"),
        Scene("board", "axpair board info"),
        Scene("init", "axpair init --check"),
        Scene("help", "axpair pair --help"),
        Scene("error", "axpair pair --board a --board b"),
        Scene("pair-zh", f"axpair pair {conversion} {page} {stale} --lang zh", 80),
        Scene("replay-zh", f"axpair replay {out / 'pages'} --run run {conversion} {stale} --lang zh"),
        Scene("layers-zh", f"axpair layers {conversion} {page} --lang zh"),
        Scene("explain-code-zh", "axpair explain AX302 --lang zh"),
        Scene("lint-zh", f"axpair lint {out / 'model' / 'config.prototxt'} --lang zh"),
        Scene("help-zh", "axpair pair --help --lang zh"),
        Scene("error-zh", "axpair pair --board a --board b --lang zh"),
    ]


def shown(command: str, columns: int, folder: Path, *, colored: bool) -> str:
    """All that a terminal of so many columns gets, but for progress that has gone again."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    variables |= {"TERM": "xterm-256color", "PATH": path} | ({} if colored else {"NO_COLOR": "1"})
    words = shlex.split(command)
    if "-v" not in words:
        words.append("--quiet")
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=variables):
        os.close(theirs)
        got = b""
        with contextlib.suppress(OSError):  # the terminal is gone with its last process
            while block := os.read(ours, 1 << 16):
                got += block
    os.close(ours)
    return got.decode().replace("\r\n", "\n")


def picture(command: str, text: str, columns: int) -> str:
    """The same as SVG."""
    console = Console(record=True, width=columns, file=StringIO(), highlight=False)
    prompt = Text("\n".join(command_lines(f"$ {command}", columns)), style="bold")
    console.print(prompt, Text.from_ansi(text), sep="\n", soft_wrap=True)
    form = _FONT_FACES.sub("", CONSOLE_SVG_FORMAT).replace("<svg ", '<svg xml:space="preserve" ', 1)
    return console.export_svg(title="axpair", code_format=form)


def main() -> None:
    """Capture everything."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="axpair-captures-")).absolute()
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    for scene in scenes(Path("demo-out")):
        for columns in COLUMNS:
            for colored in (True, False):
                shutil.rmtree(work / "run", ignore_errors=True)  # else a replay has nothing to do
                text = shown(scene.command, columns, work, colored=colored)
                svg = picture(scene.command, text, columns)
                stem = f"{scene.name}-{columns}-{'colored' if colored else 'plain'}"
                (folder / f"{stem}.txt").write_text(text, encoding="utf-8")
                (folder / f"{stem}.svg").write_text(svg, encoding="utf-8")
                if colored and columns == scene.in_docs:
                    (DOCS / f"{scene.name}.svg").write_text(svg, encoding="utf-8")
    print(folder)


if __name__ == "__main__":
    main()
