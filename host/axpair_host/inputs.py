"""The files behind --input: as they are, out of archives and .npz files, and which input of the model each is for."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.names import find_name, match_stems
from axpair_proto.sentences import say

from axpair_host.errors import UsageError
from axpair_host.evidence.archives import as_folder
from axpair_host.files import CASE_SUFFIXES, existing_file


@dataclass(frozen=True)
class InputFile:
    """One --input, with its --layer."""

    path: Path
    layer: str | None = None
    packed: Path | None = None
    """The archive or .npz that it was taken out of: what the user named."""

    @property
    def named(self) -> str:
        """As the user knows it."""
        return str(self.path) if self.packed is None else f"{self.packed} ({self.path.name})"

    @property
    def stem(self) -> str:
        """What a case is called after."""
        return (self.packed or self.path).stem


@contextmanager
def input_files(inputs: Sequence[Path], layers: Sequence[str]) -> Iterator[tuple[InputFile, ...]]:
    """--input and --layer together; files of an archive or .npz, named by the inputs, for as long as the block lasts.

    Raises UsageError where they are given in different numbers, EvidenceError for an archive that can't be used.
    Whether a file is there is told by `assign`.
    """
    if layers and len(layers) != len(inputs):
        raise UsageError(
            f"{len(inputs)} --input and {len(layers)} --layer were given",
            next_step="give --layer once for each --input, or not at all",
        )
    named = list(zip(inputs, layers or (None,) * len(inputs), strict=True))
    with ExitStack() as stack:
        given = ((path, name, stack.enter_context(as_folder(path, wanted=CASE_SUFFIXES))) for path, name in named)
        yield tuple(file for path, name, opened in given for file in _files(path, name, opened))


def _files(path: Path, layer: str | None, opened: Path) -> list[InputFile]:
    if opened == path:
        return [InputFile(path, layer)]
    found = sorted(one for one in opened.rglob("*") if one.is_file())
    if not found:
        raise UsageError(
            f"--input {path}: nothing in it that an input is made of",
            next_step=f"put a file for each input there, named by the inputs ({' '.join(sorted(CASE_SUFFIXES))})",
        )
    if len(found) == 1:
        return [InputFile(found[0], layer, path)]
    if layer is not None:
        raise UsageError(
            f"--layer {layer}: {path} holds {len(found)} files, each named by its input",
            next_step="leave --layer out there",
        )
    return [InputFile(one, one.relative_to(opened).with_suffix("").as_posix(), path) for one in found]


def assign(names: Sequence[str], files: Sequence[InputFile]) -> dict[str, Path]:
    """Which file goes to which of the model's inputs: by --layer, the others in the model's order.

    Result in the model's order. Raises UsageError where they don't match, or a file isn't there.
    """
    listed = ", ".join(names)
    if len(files) != len(names):
        raise UsageError(
            f"{len(files)} input {'file was' if len(files) == 1 else 'files were'} given, the model has "
            f"{len(names)} input{'s' if len(names) != 1 else ''}: {listed}",
            next_step=say("give --input once for each, in this order, or with --layer NAME")
            + (say("; several cases: axpair replay FOLDER --run RUN") if len(files) > len(names) else ""),
        )
    by_name: dict[str, Path] = {}
    for file in files:
        if file.layer is None:
            continue
        name = find_name(file.layer, names) or next(iter(match_stems(names, [file.layer])), None)
        if name is None:
            raise UsageError(f"--layer {file.layer!r}: the model has no such input; its inputs: {listed}")
        if name in by_name:
            raise UsageError(f"--layer {file.layer!r} is given twice")
        by_name[name] = file.path
    free = iter([name for name in names if name not in by_name])
    for file in files:
        if file.layer is None:
            by_name[next(free)] = file.path
    return {name: existing_file("--input", by_name[name]) for name in names}


def cases_of(names: Sequence[str], files: Sequence[InputFile]) -> list[dict[str, Path]]:
    """Files as cases, each by the model's inputs: of a model with one input each file is one; else they are one
    together, or one of each archive whose files are named by the inputs. Raises UsageError as `assign`."""
    groups: dict[Path | None, list[InputFile]] = {}
    apart = len(names) == 1 or all(file.layer is not None for file in files)
    for file in files:
        groups.setdefault((file.packed or file.path) if apart else None, []).append(file)
    return [assign(names, group) for group in groups.values()]


def as_named(text: str, files: Sequence[InputFile]) -> str:
    """What was said of files, by the names that the user knows."""
    for file in files:
        if file.packed is not None:
            text = text.replace(str(file.path), file.named)
    return text
