"""Nests of arrays: what a function takes and returns, as a flat list of arrays and the shape of the nest.

- `flatten(tree)`: the arrays of nested tuples, lists, dicts, named tuples, dataclasses and Jacobians, and a `Tree` that
  remembers everything else.
- `Tree.build(leaves)`: the same nest with other arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..program import Symbol
from ..tensor import Jacobian, SparsePattern
from ..terms import Factor, Term

__all__ = ["Tree", "flatten"]


class Tree:
    """The shape of a nest; two are equal if they are nested alike, keys and numbers that are no arrays included.

    Attributes
    ----------
    kind : type or None
        None for a leaf; `object` for a value that is no array and stays as it is.
    about : hashable
        Keys of a dict, names of fields, the value that stays.
    children : tuple of Tree
    """

    __slots__ = ("_hash", "about", "children", "kind", "make")

    def __init__(
        self, kind: Any, about: Any = None, children: tuple[Tree, ...] = (), make: Callable[..., Any] | None = None
    ) -> None:
        self.kind, self.about, self.children, self.make = kind, about, children, make
        self._hash: int | None = None

    def build(self, leaves: Sequence[Any]) -> Any:
        """The nest with these arrays."""
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves)
        if self.kind is object:
            return self.about
        parts = [child._build(leaves) for child in self.children]
        return self.make(parts) if self.make is not None else self.kind(parts)

    @property
    def is_leaf(self) -> bool:
        return self.kind is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        return (self.kind, self.children) == (other.kind, other.children) and _alike(self.about, other.about)

    def __hash__(self) -> int:
        if self._hash is None:
            about = self.about if self.kind is not object else (type(self.about), _hashed(self.about))
            self._hash = hash((self.kind, about, self.children))
        return self._hash


def _alike(a: Any, b: Any) -> bool:
    """Equal and of one type: 1, 1.0 and True decide differently."""
    return type(a) is type(b) and (a is b or bool(a == b))


def _hashed(value: Any) -> int:
    try:
        return hash(value)
    except TypeError:
        return id(value)


_LEAF = Tree(None)


def flatten(tree: Any, leaves: list[Any] | None = None) -> tuple[list[Any], Tree]:
    """The arrays of a nest in order, and its shape."""
    leaves = [] if leaves is None else leaves
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Tree:
    kind = type(tree)
    if kind is float or isinstance(tree, (np.ndarray, np.generic, Symbol)):
        leaves.append(tree)
        return _LEAF
    if kind in (tuple, list):
        return Tree(kind, None, tuple([_flatten(entry, leaves) for entry in tree]))
    if kind is dict:
        keys = tuple(tree)
        children = tuple([_flatten(value, leaves) for value in tree.values()])
        return Tree(dict, keys, children, lambda parts: dict(zip(keys, parts, strict=True)))
    if isinstance(tree, SparsePattern):
        return Tree(SparsePattern, tree, (_flatten(tree.data, leaves),), lambda parts: tree.build(parts[0]))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        children = tuple([_flatten(entry, leaves) for entry in tree])
        return Tree(kind, None, children, lambda parts: kind(*parts))
    if isinstance(tree, Jacobian):
        return _flatten_jacobian(tree, leaves)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = tuple([field.name for field in dataclasses.fields(tree)])
        children = tuple([_flatten(getattr(tree, name), leaves) for name in names])
        return Tree(
            kind, names, children, lambda parts: dataclasses.replace(tree, **dict(zip(names, parts, strict=True)))
        )
    return Tree(object, tree)


def _replacing(data: Any, names: tuple[str, ...]) -> Callable[..., Any]:
    return lambda parts: dataclasses.replace(data, **dict(zip(names, parts, strict=True)))


def _flatten_jacobian(J: Jacobian, leaves: list[Any]) -> Tree:
    """The arrays of the factors of its terms; shapes, labels and maps are what stays."""
    rebuild, (terms, *rest) = J.__reduce__()
    dense = [factor for term in terms for factor in term.factors if isinstance(factor, Factor)]
    children = tuple([_flatten(factor.array, leaves) for factor in dense])

    def make(parts: list[Any]) -> Jacobian:
        arrays = iter(parts)
        return rebuild([_with_arrays(term, arrays) for term in terms], *rest)

    return Tree(Jacobian, None, children, make)


def _with_arrays(term: Term, arrays: Iterator[Any]) -> Term:
    factors = [Factor(next(arrays), f.labels, f.name) if isinstance(f, Factor) else f for f in term.factors]
    return term.replace(factors=tuple(factors))
