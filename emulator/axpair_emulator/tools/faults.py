"""Faults for the drop-in commands: named in the environment, for the vendor's flags have no place."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from axpair_emulator.faults.catalogue import chosen
from axpair_emulator.faults.fault import Fault

VARIABLE = "AXPAIR_FAULT"
"""NAME[,NAME...][&PARAMETER=VALUE...], what stands after `fault=` in an emulator's board address."""


def faults_of(environment: Mapping[str, str]) -> tuple[Fault, ...]:
    """The faults that the environment asks for. Raises FaultError for names and parameters that don't exist."""
    text = environment.get(VARIABLE, "")
    return chosen(dict(parse_qsl(f"fault={text}", keep_blank_values=True)))
