"""The catalogue of faults, and those that end the process."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.catalogue import FAULTS, chosen


def test_every_fault_says_what_it_does_and_what_must_be_found() -> None:
    assert {"stale-output", "weight-bit", "race", "crash", "input-not-delivered"} <= set(FAULTS)
    for name, info in FAULTS.items():
        assert info.name == name == info.make.name
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert info.summary
        assert re.fullmatch(r"AX\d{3}|", info.code)
        assert bool(info.code) == (name != "slow")
        assert all(parameter.meaning for parameter in info.parameters.values())


def test_parameters_of_several_faults_are_told_apart_by_the_faults_name() -> None:
    nan, bit = chosen({"fault": "nan-output,activation-bit", "count": "4", "activation-bit.count": "2"})
    assert (nan.number("count"), bit.number("count")) == (4, 2)


def test_numbers_may_be_hexadecimal() -> None:
    (fault,) = chosen({"fault": "error-code", "code": "0x80060085"})
    assert fault.number("code") == 0x80060085


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("stuck-line&seed=-1", "the seed is -1"),
        ("slow&seed=9223372036854775808", "2\\^63 - 1"),
        ("wrong-stride&extra=0", "extra is 0"),
        ("q-not-applied&q=3", "q is 3: no power of two"),
        ("q-not-applied&q=0", "takes 2 to 16777216, not 0"),
        ("error-code&code=0", "takes 1 to"),
        ("version-mismatch&code=0", "takes 1 to"),
        ("slow&milliseconds=0", "takes 1 to"),
        ("cmm-leak&load_bytes=0", "nothing leaks"),
        ("weight-bit&bit=15", "takes 0 to 14"),
        ("activation-bit&bit=32", "takes -1 to 31"),
        ("stuck-line&output=a&tensor=b", "both an output and a tensor"),
    ],
)
def test_parameters_that_make_no_fault_are_refused_before_anything_runs(fault: str, words: str) -> None:
    with pytest.raises(FaultError, match=words):
        chosen(dict(parse_qsl(f"fault={fault}")))


def test_an_unknown_fault_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        FaultError, match=r"'stale'\s+next: did you mean 'stale-(lines|output)'\? there are: stale-output, .*slow"
    ):
        chosen({"fault": "stale"})
