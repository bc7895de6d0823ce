"""Options that [model] of axpair.toml fills in where the command line doesn't give them: one place for all commands.

[model] describes one conversion. What the command line gives counts before it; where that names another joint or
another ONNX model, nothing of the table is taken, as its other files belong to its own. What was taken is said on
stderr, and an error that speaks of such a file says where its name came from.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from axpair_proto.advice import UNKNOWN, Again, Next, again, calling, free_name
from axpair_proto.command_line import Command
from axpair_proto.errors import AxpairError
from axpair_proto.printing import print_note
from axpair_proto.sentences import tr
from axpair_proto.text import first_names

from axpair_host.cli.request import Given, parsed
from axpair_host.errors import UsageError

if TYPE_CHECKING:
    from axpair_host.config_file import ModelDefaults

_ANCHORS = ("onnx", "joint")
"""What a conversion is known by."""
_TAKEN = "axpair.model_defaults"
_WORDS = "axpair.words"


@dataclass(frozen=True)
class Asked:
    """What an option's `when` may look at."""

    params: Mapping[str, Any]
    """click's own, as they are before [model] fills them in."""
    taken: Mapping[str, Path]
    """Keys of [model] that were taken before, in the order of the command's options."""
    path: Path
    """What [model] says of this option."""

    def given(self, kind: type[Given]) -> Given:
        """What the command was asked for so far. What [model] is still to fill in is None, whatever its type."""
        return parsed(kind, self.params)


def always(asked: Asked) -> bool:
    """The default is taken whatever else was asked."""
    return True


class FromModel(click.Parameter):
    """A parameter with a key in [model]."""

    key: str
    needed: bool
    when: Callable[[Asked], bool]

    @property
    def label(self) -> str:
        """As people write it."""
        return max(self.opts, key=len) if isinstance(self, click.Option) else str(self.metavar or self.name).strip("[]")


class ModelOption(FromModel, click.Option):
    """An option; `needed` stands in for click's `required`, which knows nothing of axpair.toml."""

    def __init__(
        self, *names: Any, key: str, needed: bool = False, when: Callable[[Asked], bool] = always, **attributes: Any
    ) -> None:
        super().__init__(*names, **attributes)
        self.key, self.needed, self.when = key, needed, when

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """With the place that the default comes from."""
        record = super().get_help_record(ctx)
        what = tr("required here or in axpair.toml") if self.needed else tr("default: as in axpair.toml")
        return (record[0], f"{record[1]}  [{what}]") if record else None


class ModelArgument(FromModel, click.Argument):
    """The same for an argument."""

    def __init__(
        self, *names: Any, key: str, needed: bool = True, when: Callable[[Asked], bool] = always, **attributes: Any
    ) -> None:
        super().__init__(*names, **{**attributes, "required": False})
        self.key, self.needed, self.when = key, needed, when


class ModelCommand(Command):
    """A command whose FromModel parameters take what axpair.toml says."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, then fill in. Raises UsageError on a malformed axpair.toml, or where something is needed."""
        ctx.meta[_WORDS] = tuple(args)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._fill(ctx)
        return rest

    def refuse_stray(self, stray: list[str], given: Mapping[str, Any], ctx: click.Context) -> None:
        """Several files behind one --input, as a shell's '--input *.jpg' gives them."""
        if inputs := given.get("inputs"):
            raise UsageError(
                f"--input takes one file, and {len(stray) + 1} stand behind it: {first_names([inputs[-1], *stray], 2)}",
                next_step=self._of_several(stray, given),
            )

    def _of_several(self, stray: list[str], given: Mapping[str, Any]) -> Next:
        text, folder = "several inputs of one case: --input again before each; several cases:", Path(stray[0]).parent
        if any(one.name == "cases" for one in self.params):
            put = (("--cases", str(folder)),)
            return Next(text, Again(put=put, without=("--input",), without_flags=tuple(stray)))
        named = [(f"--{key.replace('_', '-')}", given.get(key)) for key in ("joint", "onnx", "lava_joint", "config")]
        models = [word for flag, path in named if path is not None for word in (flag, str(path))]
        return calling("axpair", "replay", folder, "--run", free_name(Path("run")), *models, text=text)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; an error that names a file of [model] says so."""
        try:
            return super().invoke(ctx)
        except AxpairError as error:
            source, taken = ctx.meta.get(_TAKEN, ("", {}))
            named = [
                label
                for label, path in taken.items()
                if re.search(rf"(?<![\w/.~-]){re.escape(str(path))}(?![\w~-])", error.message)
            ]
            if named:
                error.message += f" ({' and '.join(named)} came from [model] in {source})"
            raise

    def _fill(self, ctx: click.Context) -> None:
        from axpair_host.config_file import model_defaults

        fields = [one for one in self.params if isinstance(one, FromModel)]
        defaults = model_defaults(Path.cwd()) if fields and _is_somewhere() else None
        if defaults is not None:
            taken = _taken(ctx, fields, defaults)
            tables = _tables(fields, defaults)
            if other := _other_conversion(ctx, fields, defaults):
                if taken or tables:
                    print_note(f"note: {other} isn't that of {defaults.source}: nothing of its [model] is taken")
            else:
                _put(ctx, taken, tables, defaults)
        for one in fields:
            if one.needed and not ctx.params[str(one.name)]:
                raise _missing(one, defaults, ctx)


_BEARING = {
    "names",
    "fitting",
    "golden",
    "simulator",
    "repeat",
    "deadline_ms",
    "atol",
    "rtol",
    "preprocess",
    "postprocess",
    "post_pattern",
    "expect",
    "observed",
    "other",
}
"""Parameters that bear on a case or on how it is judged, but for its files and its board."""


def bearing_options(ctx: click.Context, *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Those of the call, with their values as they were written."""
    given, _, order = ctx.command.make_parser(ctx).parse_args(list(ctx.meta[_WORDS]))
    words = []
    for one in dict.fromkeys(order):
        if isinstance(one, click.Option) and one.name in _BEARING and one.name not in without:
            values = given[one.name] if one.multiple else [given[one.name]]
            words += [word for value in values for word in (max(one.opts, key=len), str(value))]
    return tuple(words)


def _is_somewhere() -> bool:
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False  # it was deleted: no axpair.toml is found from there


def _taken(ctx: click.Context, fields: list[FromModel], defaults: "ModelDefaults") -> dict[FromModel, Path]:
    taken: dict[FromModel, Path] = {}
    for one in fields:
        path = defaults.files.get(one.key)
        if path is None or ctx.params[str(one.name)]:
            continue
        if one.when(Asked(ctx.params, {before.key: file for before, file in taken.items()}, path)):
            taken[one] = path
    return taken


def _other_conversion(ctx: click.Context, fields: list[FromModel], defaults: "ModelDefaults") -> str:
    """The option that names another conversion than [model] does; "" without one."""
    for one in fields:
        given, ours = ctx.params[str(one.name)], defaults.files.get(one.key)
        if one.key in _ANCHORS and given and ours and Path(given).resolve() != ours.resolve():
            return f"{one.label} {given}"
    return ""


def _tables(fields: list[FromModel], defaults: "ModelDefaults") -> dict[FromModel, dict[Any, tuple[Any, str]]]:
    """Options that take several values by a key: those of [model], each with what the command line would say."""
    from axpair_host.config_file import LINES, SHAPES

    said: dict[str, dict[Any, tuple[Any, str]]] = {
        SHAPES: {name: (shape, f"{name}:{'x'.join(map(str, shape))}") for name, shape in defaults.shapes.items()},
        LINES: {key: (line, line.text) for key, line in defaults.lines.items()},
    }
    return {one: said[one.key] for one in fields if said.get(one.key)}


def _put(
    ctx: click.Context,
    taken: dict[FromModel, Path],
    tables: dict[FromModel, dict[Any, tuple[Any, str]]],
    defaults: "ModelDefaults",
) -> None:
    import shlex

    said = [f"{one.label} {shlex.quote(str(path))}" for one, path in taken.items()]
    for one, path in taken.items():
        ctx.params[str(one.name)] = path
    for one, table in tables.items():
        given = ctx.params[str(one.name)]
        more = {key: (value, text) for key, (value, text) in table.items() if key not in given}
        said += [f"{one.label} {shlex.quote(text)}" for _, text in more.values()]
        ctx.params[str(one.name)] = {**given, **{key: value for key, (value, _) in more.items()}}
    ctx.meta[_TAKEN] = (defaults.source, {one.label: path for one, path in taken.items()})
    if said:
        print_note(f"from {defaults.source}: {' '.join(said)}")


def _in_capitals(one: FromModel) -> list[str]:
    word = UNKNOWN.get(one.key, one.key.upper())
    return [one.label, word] if isinstance(one, click.Option) else [word]


def _missing(one: FromModel, defaults: "ModelDefaults | None", ctx: click.Context) -> UsageError:
    where = "no axpair.toml here or above has a [model]"
    if defaults is not None:
        where = f"[model] in {defaults.source} doesn't serve here; it has {', '.join(defaults.files) or 'no files'}"
    return UsageError(
        f"{one.label} is needed: it isn't given, and {where}",
        next_step=again("what lies here is written into an axpair.toml by axpair init; else:", *_in_capitals(one)),
    )
