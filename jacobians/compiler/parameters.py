"""The parameters of a program: those of the function it was written from, taken apart into arrays."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .trees import Tree

__all__ = ["Parameters", "parameters_of"]

_RESERVED = re.compile(r"(np|sparse|special|operator|in_blocks|borrow|give_back|[vcfbt]\d+|_.*)$")


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
