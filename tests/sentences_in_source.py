"""What the sources say to people, as keys of the catalogue: what is looked up, and what is recognized in messages."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("proto", "agent", "emulator", "host")
_SAYING = ("say", "tr")
_STEPS = {"Next": 0, "again": 0, "with_other": 2, "in_other_folder": 2, "calling": -1}
"""What makes a next step, with the position of its sentence where that isn't given as `text`; -1 for none."""
_COMMANDS = ("axpair ", "pip ", "chmod ", "openssl ", "cd ", "tar cf ")
"""Next steps that begin so can be pasted, and are the same in every language."""


def looked_up() -> dict[str, str]:
    """Each template given to `say` or `tr`, with the file that it stands in."""
    return {
        call.args[0].value: name
        for name, tree in _trees().items()
        if _says(tree)
        for call in _calls(tree)
        if _name(call) in _SAYING
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def raised() -> dict[str, str]:
    """Each message of an error of ours, and each next step, with the file that it stands in; values are numbered."""
    errors = _errors()
    found: dict[str, str] = {}
    for name, tree in _trees().items():
        for call in _calls(tree):
            told = [word.value for word in call.keywords if word.arg == "next_step"]
            if _name(call) in errors and call.args:
                told.append(call.args[0])
            if (place := _STEPS.get(_name(call))) is not None:
                told += [word.value for word in call.keywords if word.arg == "text"]
                told += call.args[place : place + 1] if place >= 0 else []
            for text in (_numbered(leaf) for one in told for leaf in _leaves(one)):
                if _is_said(text):
                    found.setdefault(text, name)
            # What is put together of several plain texts is recognized as none of them.
            found |= {ast.unparse(one): name for one in told if _is_composed(one)}
    return found


def _is_composed(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and any(
        isinstance(side, ast.JoinedStr | ast.Constant) for side in (node.left, node.right)
    )


def hinted() -> dict[str, str]:
    """Each text of a hint of lint, what would prove it and what wasn't looked at, with the file that it stands in."""
    places = {"Hint": (2, 3), "Passed": (1,), "Odd": (2, 3)}
    return {
        text: name
        for name, tree in _trees().items()
        if name.startswith("host/axpair_host/lint/")
        for call in _calls(tree)
        for place in places.get(_name(call), ())
        if place < len(call.args)
        for leaf in _leaves(call.args[place])
        if _is_said(text := _numbered(leaf)) and not text.startswith('write "')
    }


@cache
def everywhere() -> frozenset[str]:
    """Every text in the sources; what has values has them numbered."""
    return frozenset(
        _numbered(node)
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
    )


def unsaid(file: str, arguments: dict[str, tuple[int, ...]]) -> list[str]:
    """Places where a text for people is plain: an f-string, or a literal of several words, at these positions of calls
    of these names that `say` doesn't make."""
    return [
        f"{file}:{leaf.lineno}: {_numbered(leaf)}"
        for call in _calls(_trees()[file])
        for place in arguments.get(_name(call), ())
        if place < len(call.args)
        for leaf in _leaves(call.args[place])
        if _is_said(_numbered(leaf)) and " " in _numbered(leaf)
    ]


@cache
def _trees() -> dict[str, ast.Module]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "_pb2" not in path.name]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _says(tree: ast.Module) -> bool:
    """Whether its `say` and `tr` are ours: the emulated run_joint has a `say` of its own."""
    return any(isinstance(node, ast.ImportFrom) and node.module == "axpair_proto.sentences" for node in ast.walk(tree))


def _errors() -> set[str]:
    """AxpairError and whatever is derived from it, and click's own for what is wrong with an option."""
    bases: dict[str, set[str]] = {}
    for tree in _trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).rpartition(".")[2] for base in node.bases)
    known = {"AxpairError", "BadParameter"}
    while more := {name for name, of in bases.items() if of & known} - known:
        known |= more
    return known


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """The texts that an expression is chosen from, or put together of."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        yield node
    elif isinstance(node, ast.BinOp):
        yield from (*_leaves(node.left), *_leaves(node.right))
    elif isinstance(node, ast.IfExp):
        yield from (*_leaves(node.body), *_leaves(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (leaf for value in node.values for leaf in _leaves(value))


def _numbered(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        places = iter(range(len(node.values)))
        return "".join(
            str(part.value).replace("{", "{{").replace("}", "}}")
            if isinstance(part, ast.Constant)
            else f"{{{next(places)}}}"
            for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_said(text: str) -> bool:
    """Whether there are words in it that a reader of Chinese would want in Chinese."""
    words = [word for word in text.split() if word.strip("{}0123456789:;,.()'\"").isalpha()]
    return bool(words) and not text.startswith(_COMMANDS)
