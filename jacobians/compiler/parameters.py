"""The parameters of a program: those of the function it was written from, taken apart into arrays."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .trees import Tree

__all__ = ["Parameters", "Static", "parameters_of"]

_RESERVED = re.compile(
    r"(np|sparse|special|operator|in_blocks|borrow|give_back|mirror|symmetric_product|squared_distances|lower_inverse"
    r"|RowSums|row_sums|picked_sums|chosen_entries|linear_steps|[vcfbtm]\d+|_.*)$"
)


class Parameters(NamedTuple):
    """How a program is called.

    Attributes
    ----------
    header : str
        What stands between the parentheses of its definition.
    unpacking : list of str
        The lines that take nested arguments apart.
    names : list of str
        Of the arrays, in the order in which they are flattened.
    """

    header: str
    unpacking: list[str]
    names: list[str]


class Static:
    """A static argument: a part of the signature, whatever it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Static) or type(self.value) is not type(other.value):
            return False
        if isinstance(self.value, np.ndarray):
            return np.array_equal(self.value, other.value)
        return bool(self.value == other.value)

    def __hash__(self) -> int:
        if isinstance(self.value, np.ndarray):
            return hash((self.value.shape, self.value.tobytes()))
        try:
            return hash(self.value)
        except TypeError:
            return hash(type(self.value))


def parameters_of(function: Callable[..., Any], arguments: Tree) -> Parameters:
    """The parameters for a call with these arguments: a nest of a tuple and a dict."""
    positional, named = arguments.children
    words = [_safe(word) for word in _positional_names(function, len(positional.children))]
    unpacking: list[str] = []
    names: list[str] = []
    for word, child in [*zip(words, positional.children, strict=True), *zip(named.about, named.children, strict=True)]:
        if child.is_leaf:
            names.append(word)
            continue
        for path in child.paths(word):
            name = re.sub(r"\W+", "_", path).strip("_")
            names.append(name)
            unpacking.append(f"{name} = {path}")
    header = ", ".join([*words, *(["*", *named.about] if named.about else [])])
    return Parameters(header, unpacking, names)


def _positional_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first positional parameters; ``x0``, ``x1``, ... beyond those that the function tells."""
    try:
        known = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        known = []
    return [known[n] if n < len(known) else f"x{n}" for n in range(count)]


def _safe(name: str) -> str:
    return f"{name}_" if _RESERVED.match(name) or keyword.iskeyword(name) else name
