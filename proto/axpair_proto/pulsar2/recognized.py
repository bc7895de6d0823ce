"""Tells a configuration of pulsar2 from one of pulsar by what is in it, whatever the file is called."""

from __future__ import annotations

import re
from typing import Literal

from axpair_proto.advice import calling
from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2 import relaxed_json as rj
from axpair_proto.pulsar2.schema import BuildConfig

Form = Literal["JSON", "prototxt", "YAML", "TOML"]

_OF_BOTH = {"input", "target_hardware", "debug"}
"""Top fields that say nothing: other programs' files have them too."""
OWN = frozenset(BuildConfig.__struct_fields__) - _OF_BOTH
_LINE = re.compile(rf"^(?:{'|'.join(sorted(OWN))})[ \t]*(:|=|\{{|<)", re.MULTILINE)
_TABLE = re.compile(rf"^\[{{1,2}}(?:{'|'.join(sorted(OWN))})\b", re.MULTILINE)
_OPENED = re.compile(rf"^(?:{'|'.join(sorted(OWN))})[ \t]*:?[ \t]*[{{<]", re.MULTILINE)
_PULSAR = re.compile(
    r"^[ \t]*(?:neuwizard_conf|pulsar_conf|cpu_backend_settings|(?:(?:src|dst)_)?(?:in|out)put_tensors"
    r"|(?:in|out)put_(?:type|path))\b",
    re.MULTILINE,
)
_YAML = re.compile(r"^[ \t]*(?:-[ \t]|[A-Za-z_]+[ \t]*:[ \t]*$)", re.MULTILINE)

NOT_READ = "write it as JSON, which axpair lint reads; pulsar2's prototxt, YAML and TOML aren't read"


def pulsar2_form(text: str, source: str = "config") -> Form | None:
    """The form in which a text is a configuration of pulsar2; None where it isn't one.

    Raises ConfigTextError for JSON with broken syntax.
    """
    text = text.removeprefix("\ufeff")
    if rj.begins_object(text):
        value = rj.parse(text, source)
        names = {member.name for member in value.members} if isinstance(value, rj.Object) else set()
        known = names & OWN or {_snake(name) for name in names} & OWN
        return "JSON" if known or not names else None
    if _PULSAR.search(text):
        return None
    if _TABLE.search(text):
        return "TOML"
    found = {match.group(1) for match in _LINE.finditer(text)}
    if "=" in found:
        return "TOML"
    if not found:
        return None
    return "YAML" if _YAML.search(text) and not _OPENED.search(text) else "prototxt"


def refuse_other(text: str, source: str) -> None:
    """Raises ConfigTextError where a text is no config.prototxt of pulsar but pulsar2's, or other JSON: says which."""
    form = pulsar2_form(text, source)
    if form is not None and form != "JSON":
        raise ConfigTextError(
            f"{source} is a configuration of pulsar2 ({form}), a form that isn't read", next_step=NOT_READ
        )
    if form is not None:
        raise ConfigTextError(
            f"{source} is a configuration of pulsar2 ({form}), and pulsar's config.prototxt is wanted here: pulsar2's "
            "toolchain isn't emulated yet",
            next_step=calling("axpair", "lint", str(source), text="what is odd in it:"),
        )
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("[", '"')):
        raise ConfigTextError(
            f"{source} begins as a JSON {'list' if text.lstrip().startswith('[') else 'text'} does; pulsar2's "
            "configuration is an object in braces, pulsar's config.prototxt has fields with names",
            next_step="give the configuration that the model was built with",
        )
    if rj.begins_object(text):
        raise ConfigTextError(
            f"{source} is JSON, and neither pulsar2's configuration nor pulsar's config.prototxt: it has none of the "
            f"fields {', '.join(sorted(OWN))}",
            next_step="give the configuration that the model was built with",
        )


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
