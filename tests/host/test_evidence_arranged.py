"""Simulated tensors in other forms than the declared one."""

import numpy as np
import pytest
from axpair_host.evidence.arranged import as_declared, as_dumped, same_values
from axpair_host.evidence.record import OutputFacts

NCHW = np.arange(96, dtype=np.float32).reshape(1, 6, 4, 4) / 16
NHWC = np.ascontiguousarray(NCHW.transpose(0, 2, 3, 1))


def declared(dtype: str, shape: tuple[int, ...], q: int = 0) -> OutputFacts:
    return OutputFacts("y", "y", dtype, shape, "", q=q)


@pytest.mark.parametrize(
    ("tensor", "output", "expected"),
    [
        (NCHW, declared("float32", (1, 4, 4, 6)), NHWC),
        (NHWC, declared("float32", (1, 6, 4, 4)), NCHW),
        (NCHW.reshape(1, 6, 16), declared("float32", (1, 6, 4, 4)), NCHW),
        (NCHW, declared("float32", (96,)), NCHW.reshape(96)),
        (NCHW.astype(np.float64), declared("float32", (1, 6, 4, 4)), NCHW),
        (NCHW, declared("int16", (1, 6, 4, 4), q=16), (NCHW * 16).astype(np.int16)),
        (np.arange(4), declared("int32", (4,)), np.arange(4, dtype=np.int32)),
        (np.arange(4), declared("float32", (4,)), np.arange(4, dtype=np.float32)),
    ],
)
def test_the_same_values_come_in_the_declared_form(tensor: np.ndarray, output: OutputFacts, expected: object) -> None:
    found = as_declared(tensor, output)
    assert (found.dtype.name, found.shape) == (output.dtype, output.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("tensor", "output"),
    [
        (NCHW, declared("float32", (1, 16, 6))),
        (NCHW, declared("float32", (1, 6, 4, 5))),
        (NCHW, declared("int16", (1, 6, 4, 4))),
        (np.array([1 << 40]), declared("int32", (1,))),
        (np.array([np.nan], np.float32), declared("int16", (1,), q=4)),
    ],
)
def test_what_cannot_be_brought_there_stays_as_it_is(tensor: np.ndarray, output: OutputFacts) -> None:
    assert as_declared(tensor, output) is tensor


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (NCHW, ""),
        (NCHW.astype(">f4"), ""),
        (NHWC, "float32 [1, 4, 4, 6] in the order of the axes 0, 2, 3, 1, as NHWC is of NCHW"),
        (NHWC.reshape(1, 6, 4, 4), "float32 [1, 6, 4, 4] in the order of the axes 0, 2, 3, 1, as NHWC is of NCHW"),
        (NCHW[0], "float32 [6, 4, 4]"),
        (NCHW.astype(np.float64).ravel(), "float64 [96]"),
        (np.frombuffer(NCHW.astype(np.float64).tobytes(), np.uint8), "float64 [96]"),
        (NCHW + 1, ""),
        (NCHW.ravel()[:95], ""),
        (NCHW.astype(np.float16), ""),
        ((NCHW * 16).astype(np.int16), ""),
    ],
)
def test_the_very_values_in_another_form_are_recognized(tensor: np.ndarray, words: str) -> None:
    assert same_values(tensor, NCHW) == words


def test_integers_are_recognized_in_wider_ones() -> None:
    ids = np.arange(-3, 5, dtype=np.int8)
    assert same_values(ids.astype(np.int32), ids) == "int32 [8]"
    assert same_values(np.frombuffer(ids.astype(np.int32).tobytes(), np.uint8), ids) == "int32 [8]"
    assert same_values(ids.astype(np.uint8), ids) == ""


def test_a_dump_loses_nothing_on_its_way_into_the_declared_form() -> None:
    tensor, words = as_dumped(NCHW.astype(np.float64).ravel() + 1, "float32", (1, 6, 4, 4), NCHW)
    assert (tensor.dtype.name, tensor.shape, words) == ("float32", (1, 6, 4, 4), "float64 [96]")
    finer = NCHW.astype(np.float64) + 1e-12
    assert as_dumped(finer, "float32", (1, 6, 4, 4), NCHW)[1] == ""
