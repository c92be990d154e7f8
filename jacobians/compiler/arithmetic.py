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


def is_arithmetic(node: Node) -> bool:
    """Whether a node is a number computed from numbers in a way that floats know."""
    function = node.function
    if (
        function not in FLOATS
        or node.shape
        or node.weak
        or node.kwargs
        or node.dtype != np.float64
        or node.parts is not None
    ):
        return False
    return all([_is_operand(a) for a in node.args]) and bool(node.operands)


def _is_operand(value: Any) -> bool:
    if type(value) in (int, float):
        return True
    if not isinstance(value, Node) or value.shape:
        return False
    return value.dtype.kind in "fi" if value.weak else value.dtype == np.float64 and value.parts is None


def is_function(node: Node) -> bool:
    """Whether it is a function, and not arithmetic."""
    return node.function in _FUNCTIONS


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
    if function in _PATTERNS:
        return _PATTERNS[function].format(*texts)
    plain, where = _FUNCTIONS[function]
    usual = f"{space.function(plain)}({texts[0]})"
    return f"{usual} if {where.format(*texts)} else {space.function(function)}({texts[0]})" if where else usual
