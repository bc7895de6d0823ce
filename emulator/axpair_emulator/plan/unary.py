"""The elementwise functions of one tensor that a table can hold, evaluated in float64 when building.

Each entry takes the node's operands in order (arrays of float64, scalars as arrays of one element, None where an
optional one is absent) and its attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

Array = np.ndarray[Any, Any]
Operands = Sequence["Array | None"]
Attrs = Mapping[str, Any]
Function = Callable[[Operands, Attrs], Array]


def _given(operands: Operands, index: int, default: float) -> Array | float:
    operand = operands[index] if index < len(operands) else None
    return default if operand is None else operand


def _one(function: Callable[[Array], Array]) -> Function:
    def evaluate(operands: Operands, attrs: Attrs) -> Array:
        assert operands[0] is not None
        return function(operands[0])

    return evaluate


def _two(function: Callable[[Array, Array], Array]) -> Function:
    def evaluate(operands: Operands, attrs: Attrs) -> Array:
        assert operands[0] is not None
        assert operands[1] is not None
        return function(operands[0], operands[1])

    return evaluate


def _with(function: Callable[[Array, Attrs], Array]) -> Function:
    def evaluate(operands: Operands, attrs: Attrs) -> Array:
        assert operands[0] is not None
        return function(operands[0], attrs)

    return evaluate


def _fold(function: Callable[[Array, Array], Array]) -> Function:
    def evaluate(operands: Operands, attrs: Attrs) -> Array:
        given = [operand for operand in operands if operand is not None]
        result = given[0]
        for operand in given[1:]:
            result = function(result, operand)
        return result

    return evaluate


def _logical(function: Callable[[Array, Array], Array]) -> Function:
    """Truth values are 1.0 and 0.0."""
    return _two(lambda a, b: np.asarray(function(a, b), np.float64))


def _where(operands: Operands, attrs: Attrs) -> Array:
    condition, yes, no = operands
    assert condition is not None
    assert yes is not None
    assert no is not None
    return np.where(condition != 0, yes, no)


def _cast(x: Array, attrs: Attrs) -> Array:
    return np.asarray(x != 0, np.float64) if attrs.get("to") == TensorProto.BOOL else x


def _shrink(x: Array, attrs: Attrs) -> Array:
    bias, edge = attrs.get("bias", 0.0), attrs.get("lambd", 0.5)
    return np.where(x < -edge, x + bias, np.where(x > edge, x - bias, 0.0))


def _clip(operands: Operands, attrs: Attrs) -> Array:
    assert operands[0] is not None
    low = np.maximum(operands[0], _given(operands, 1, -math.inf))
    return np.asarray(np.minimum(low, _given(operands, 2, math.inf)))


def _sigmoid(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, x))


def _erf(x: Array) -> Array:
    return np.asarray(np.array([math.erf(value) for value in x.ravel()]).reshape(x.shape))


def _gelu(x: Array, attrs: Attrs) -> Array:
    if attrs.get("approximate", b"none") == b"tanh":
        return np.asarray(0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))))
    return np.asarray(0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))))


def _hard_sigmoid(x: Array, attrs: Attrs) -> Array:
    return np.asarray(np.clip(x * attrs.get("alpha", 0.2) + attrs.get("beta", 0.5), 0.0, 1.0))


def _elu(x: Array, alpha: float, gamma: float = 1.0) -> Array:
    return np.asarray(gamma * np.where(x > 0, x, alpha * np.expm1(x)))


def _celu(x: Array, alpha: float) -> Array:
    return np.asarray(np.maximum(x, 0.0) + np.minimum(alpha * np.expm1(x / alpha), 0.0))


FUNCTIONS: Mapping[str, Function] = {
    "Abs": _one(np.abs),
    "Acos": _one(np.arccos),
    "Add": _two(np.add),
    "And": _logical(np.logical_and),
    "Asin": _one(np.arcsin),
    "Atan": _one(np.arctan),
    "Cast": _with(_cast),
    "Ceil": _one(np.ceil),
    "Celu": _with(lambda x, attrs: _celu(x, attrs.get("alpha", 1.0))),
    "Clip": _clip,
    "Cos": _one(np.cos),
    "Cosh": _one(np.cosh),
    "Div": _two(np.divide),
    "Elu": _with(lambda x, attrs: _elu(x, attrs.get("alpha", 1.0))),
    "Equal": _logical(np.equal),
    "Erf": _one(_erf),
    "Exp": _one(np.exp),
    "Floor": _one(np.floor),
    "Gelu": _with(_gelu),
    "Greater": _logical(np.greater),
    "GreaterOrEqual": _logical(np.greater_equal),
    "HardSigmoid": _with(_hard_sigmoid),
    "HardSwish": _one(lambda x: x * np.clip(x / 6.0 + 0.5, 0.0, 1.0)),
    "Identity": _one(np.asarray),
    "LeakyRelu": _with(lambda x, attrs: np.where(x < 0, x * attrs.get("alpha", 0.01), x)),
    "Less": _logical(np.less),
    "LessOrEqual": _logical(np.less_equal),
    "Log": _one(np.log),
    "Max": _fold(np.maximum),
    "Min": _fold(np.minimum),
    "Mish": _one(lambda x: x * np.tanh(_softplus(x))),
    "Mul": _two(np.multiply),
    "Neg": _one(np.negative),
    "Not": _one(lambda x: np.asarray(x == 0, np.float64)),
    "Or": _logical(np.logical_or),
    "PRelu": _two(lambda x, slope: np.where(x < 0, x * slope, x)),
    "Pow": _two(np.power),
    "Reciprocal": _one(np.reciprocal),
    "Relu": _one(lambda x: np.maximum(x, 0.0)),
    "Round": _one(np.rint),
    "Selu": _with(lambda x, attrs: _elu(x, attrs.get("alpha", 1.6732632), attrs.get("gamma", 1.0507009))),
    "Shrink": _with(_shrink),
    "Sigmoid": _one(_sigmoid),
    "Sign": _one(np.sign),
    "Sin": _one(np.sin),
    "Sinh": _one(np.sinh),
    "Softplus": _one(_softplus),
    "Softsign": _one(lambda x: x / (1.0 + np.abs(x))),
    "Sqrt": _one(np.sqrt),
    "Sub": _two(np.subtract),
    "Tan": _one(np.tan),
    "Tanh": _one(np.tanh),
    "ThresholdedRelu": _with(lambda x, attrs: np.where(x > attrs.get("alpha", 1.0), x, 0.0)),
    "Where": _where,
    "Xor": _logical(np.logical_xor),
}
"""By ONNX operator type. Binary ones are unary here: their other operand is a constant of one element."""
