"""Calls of single numbers as arithmetic of floats: how each one is written, and when it is NumPy's after all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..program import CONSTANT, Node
from .namespace import Namespace
from .printing import literal

__all__ = ["FLOATS", "is_arithmetic", "is_function", "number_text"]

# fmt: off
_PATTERNS = {
    np.add:      "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.negative: "-{0}",
    np.positive: "{0}",
    np.square:   "{0} * {0}",
    np.absolute: "abs({0})",
    np.maximum:  "{0} if {0} >= {1} or {0} != {0} else {1}",
    np.minimum:  "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.sign:     "1.0 if {0} > 0 else -1.0 if {0} < 0 else {0} if {0} else 0.0",
}
_COMPARISONS = {
    np.equal:         "{0} == {1}",
    np.not_equal:     "{0} != {1}",
    np.less:          "{0} < {1}",
    np.less_equal:    "{0} <= {1}",
    np.greater:       "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
}
_DECISIONS = {
    np.logical_and: "{0} and {1}",
    np.logical_or:  "{0} or {1}",
    np.logical_not: "not {0}",
    np.bitwise_and: "{0} and {1}",
    np.bitwise_or:  "{0} or {1}",
    np.invert:      "not {0}",
}
_FUNCTIONS = {
    np.sqrt:   (math.sqrt, "{0} >= 0"),
    np.exp:    (math.exp, "{0} < 709"),
    np.expm1:  (math.expm1, "{0} < 709"),
    np.log:    (math.log, "{0} > 0"),
    np.log1p:  (math.log1p, "{0} > -1"),
    np.sin:    (math.sin, "-1e300 < {0} < 1e300"),
    np.cos:    (math.cos, "-1e300 < {0} < 1e300"),
    np.tan:    (math.tan, "-1e300 < {0} < 1e300"),
    np.sinh:   (math.sinh, "-709 < {0} < 709"),
    np.cosh:   (math.cosh, "-709 < {0} < 709"),
    np.tanh:   (math.tanh, ""),
    np.arctan: (math.atan, ""),
}
# fmt: on
FLOATS = frozenset([np.divide, *_PATTERNS, *_FUNCTIONS])
"""The calls that floats know."""

_WEIGHED = frozenset([np.add, np.subtract, np.multiply, np.divide])
"""Those of which a truth may be an operand, which counts as 1 or 0."""

_TRUTH = np.dtype(bool)


def is_arithmetic(node: Node) -> bool:
    """Whether a node is a number or a truth computed from numbers in a way that floats know."""
    function = node.function
    if node.shape or node.weak or node.kwargs or node.parts is not None or not node.operands:
        return False
    if function in _COMPARISONS:
        return all([_is_operand(a) for a in node.args])
    if function in _DECISIONS:
        return all([_is_truth(a) for a in node.args])
    if node.dtype != np.float64:
        return False
    if function is np.where:
        chosen = node.args[1:]
        if len(chosen) != 2 or any([isinstance(a, Node) and a.weak for a in chosen]):
            return False
        return _is_truth(node.args[0]) and all([_is_operand(a) for a in chosen])
    if function in _WEIGHED:
        return all([_is_operand(a) or _is_truth(a) for a in node.args])
    return function in FLOATS and all([_is_operand(a) for a in node.args])


def _is_operand(value: Any) -> bool:
    if type(value) in (int, float):
        return True
    if not isinstance(value, Node) or value.shape:
        return False
    return value.dtype.kind in "fi" if value.weak else value.dtype == np.float64 and value.parts is None


def _is_truth(value: Any) -> bool:
    if not isinstance(value, Node) or value.function is CONSTANT or value.shape or value.weak:
        return False
    return value.dtype == _TRUTH and value.parts is None


def is_function(node: Node) -> bool:
    """Whether it is a function, and not arithmetic: what takes long as a call of NumPy's."""
    return node.function in _FUNCTIONS or node.function is np.where


def number_text(node: Node, words: Mapping[int, str], space: Namespace) -> str:
    """The text of a call; `words` are those of its operands."""
    numbers = [a.args[0].item() if isinstance(a, Node) and a.function is CONSTANT else a for a in node.args]
    texts = [words[id(a)] if isinstance(a, Node) else literal(a, {}, space) for a in numbers]
    function = node.function
    if function is np.divide:
        usual, below = f"{texts[0]} / {texts[1]}", numbers[1]
        if not isinstance(below, Node):
            return usual if below else f"np.divide({', '.join(texts)})"
        return f"{usual} if {texts[1]} else np.divide({', '.join(texts)})"
    if function is np.where:  # whole numbers are floats in what is chosen
        chosen = [literal(float(a), {}, space) if type(a) is int else t for a, t in zip(numbers, texts, strict=True)]
        return f"{chosen[1]} if {chosen[0]} else {chosen[2]}"
    for patterns in (_PATTERNS, _COMPARISONS, _DECISIONS):
        if function in patterns:
            return patterns[function].format(*texts)
    plain, where = _FUNCTIONS[function]
    usual = f"{space.function(plain)}({texts[0]})"
    return f"{usual} if {where.format(*texts)} else {space.function(function)}({texts[0]})" if where else usual
