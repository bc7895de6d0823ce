"""JSON schemas of what commands print with --json, from the structs that they print: docs/schema/*.json."""

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping

import msgspec
from axpair_host.documents.compared import ComparedDocument
from axpair_host.documents.layers import BisectionDocument, LayersDocument
from axpair_host.documents.linted import LintDocument
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.reduced import ReducedCase, ReducedRun
from axpair_host.documents.replayed import ReplayDocument
from axpair_host.documents.steps import NextStep
from axpair_host.documents.tuned import TunedDocument

DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    "bisection": BisectionDocument,
    "compare": ComparedDocument,
    "layers": LayersDocument,
    "lint": LintDocument,
    "pair": PairDocument[NextStep],
    "reduced-case": ReducedCase,
    "reduced-run": ReducedRun,
    "replay": ReplayDocument,
    "tune": TunedDocument,
}
"""The file of each schema, without its suffix."""


def schemas() -> Iterator[tuple[str, str]]:
    """The name and the text of each schema."""
    for name, document in DOCUMENTS.items():
        yield name, json.dumps(schema(document), indent=2) + "\n"


def schema(document: type[msgspec.Struct]) -> dict[str, object]:
    """A document's schema, in which each key is described as its struct describes it."""
    made = msgspec.json.schema(document)
    structs = {one.__name__: one for one in _structs()}
    for name, defined in made["$defs"].items():  # "A_B_" is A[B]
        for key, described in _described(structs[name.partition("_")[0]]).items():
            defined["properties"][key] = {"description": described, **defined["properties"][key]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _structs() -> Iterator[type[msgspec.Struct]]:
    """All that documents are made of: a schema has each under its own name."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("axpair_host.documents."):
            for _, one in inspect.getmembers(module, inspect.isclass):
                if issubclass(one, msgspec.Struct):
                    yield one


def _described(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The docstring of each attribute, those of the structs that it is made from included."""
    found: dict[str, str] = {}
    for one in reversed(struct.__mro__):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            (body,) = (node for node in ast.parse(inspect.getsource(one)).body if isinstance(node, ast.ClassDef))
            for field, after in zip(body.body, body.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
                    found[ast.unparse(field.target)] = _of_json(ast.literal_eval(after.value))
    return found


def _of_json(docstring: str) -> str:
    """On one line, with JSON's word for nothing."""
    return re.sub(r"\bNone\b", "null", " ".join(docstring.split()))
