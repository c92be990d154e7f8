"""Nests of arrays: what a function takes and returns, as a flat list of arrays and the shape of the nest.

- `flatten(tree)`: the arrays of nested tuples, lists, dicts, named tuples, dataclasses and Jacobians, and a `Tree` that
  remembers everything else.
- `Tree.build(leaves)`: the same nest with other arrays; `Tree.text(words)`: the Python expression that makes it.
- `Tree.paths(name)`: the Python expression of each array of a nest with this name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from ..program import Symbol
from ..tensor import Jacobian, SparsePattern
from ..terms import Factor, Map, Term
from .namespace import Namespace

__all__ = ["Tree", "flatten"]


class Tree:
    """The shape of a nest; two are equal if they are nested alike, keys and values that are no arrays included.

    Attributes
    ----------
    kind : type or None
        None for an array; `object` for a value that is no array and stays as it is.
    about : object
        Keys of a dict, names of the fields of a dataclass, the value that stays, what a Jacobian is besides its arrays.
    children : tuple of Tree
    """

    __slots__ = ("about", "children", "kind")

    def __init__(self, kind: Any, about: Any = None, children: tuple[Tree, ...] = ()) -> None:
        self.kind, self.about, self.children = kind, about, children

    def build(self, leaves: Sequence[Any]) -> Any:
        """The nest with these arrays."""
        return self._build(iter(leaves))

    def _build(self, leaves: Iterator[Any]) -> Any:
        kind = self.kind
        if kind is None:
            return next(leaves)
        if kind is object:
            return self.about
        parts = [child._build(leaves) for child in self.children]
        if kind is dict:
            return dict(zip(self.about, parts, strict=True))
        if kind is SparsePattern:
            return self.about.build(parts[0])
        if kind is Jacobian:
            return _jacobian(self.about, parts)
        if self.about is not None:
            return kind(**dict(zip(self.about, parts, strict=True)))
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)

    @property
    def is_leaf(self) -> bool:
        return self.kind is None

    @property
    def is_plain(self) -> bool:
        """Whether it is made of tuples, lists, sparse matrices, and dicts whose keys print themselves."""
        if self.kind is dict:
            printable = all(type(key) in (str, int) for key in self.about)
            return printable and all(child.is_plain for child in self.children)
        if self.kind in (tuple, list, SparsePattern):
            return all(child.is_plain for child in self.children)
        return self.is_leaf or (self.kind is object and (self.about is None or type(self.about) in (str, int, bool)))

    def text(self, words: Iterator[str], space: Namespace) -> str:
        """The expression that makes a plain nest of these words."""
        if self.kind is None:
            return next(words)
        if self.kind is object:
            return repr(self.about)
        parts = [child.text(words, space) for child in self.children]
        if self.kind is SparsePattern:
            return _sparse_text(self.about, parts[0], space)
        if self.kind is dict:
            return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(self.about, parts, strict=True)) + "}"
        if self.kind is list:
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    def paths(self, name: str) -> list[str]:
        """The expressions of the arrays in a nest of this name: ``['p["W"]', 'p["b"]']``."""
        if self.kind is None:
            return [name]
        if self.kind is object:
            return []
        if self.kind is dict:
            steps = [f"[{key!r}]" for key in self.about]
        elif self.kind in (tuple, list):
            steps = [f"[{n}]" for n in range(len(self.children))]
        else:
            fields = self.about if self.about is not None else getattr(self.kind, "_fields", ())
            steps = [f".{field}" for field in fields]
        return [path for child, step in zip(self.children, steps, strict=False) for path in child.paths(name + step)]

    @property
    def marks(self) -> tuple[bool, ...]:
        """For each array whether it belongs to an object that does not hand it out to be written to."""
        if self.kind is None:
            return (False,)
        if self.kind is Jacobian:
            return (True,) * len(self.children)
        return tuple([mark for child in self.children for mark in child.marks])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        same = self.kind is other.kind and len(self.children) == len(other.children)
        return same and _alike(self.about, other.about) and self.children == other.children

    def __hash__(self) -> int:
        return hash((self.kind, _hashed(self.about), self.children))


def _alike(a: Any, b: Any) -> bool:
    """Equal and of one type (1, 1.0 and True decide differently); arrays if their numbers are equal."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_alike, a, b))
    return bool(a == b)


def _hashed(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return hash((value.shape, value.tobytes()))
    try:
        return hash(value)
    except TypeError:
        return hash(type(value))


_LEAF = Tree(None)


def flatten(tree: Any) -> tuple[list[Any], Tree]:
    """The arrays of a nest in order, and its shape."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Tree:
    kind = type(tree)
    if kind is float or isinstance(tree, (np.ndarray, np.generic, Symbol)):
        leaves.append(tree)
        return _LEAF
    if kind in (tuple, list):
        return Tree(kind, None, tuple([_flatten(entry, leaves) for entry in tree]))
    if kind is dict:
        return Tree(dict, tuple(tree), tuple([_flatten(value, leaves) for value in tree.values()]))
    if isinstance(tree, SparsePattern):
        for positions in (tree.indices, tree.indptr):
            positions.flags.writeable = False  # every matrix that is built shares them
        return Tree(SparsePattern, tree._replace(data=None), (_flatten(tree.data, leaves),))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return Tree(kind, None, tuple([_flatten(entry, leaves) for entry in tree]))
    if isinstance(tree, Jacobian):
        return _flatten_jacobian(tree, leaves)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = tuple([field.name for field in dataclasses.fields(tree) if field.init])
        return Tree(kind, names, tuple([_flatten(getattr(tree, name), leaves) for name in names]))
    return Tree(object, tree)


def _flatten_jacobian(J: Jacobian, leaves: list[Any]) -> Tree:
    """The arrays of the factors of its terms, and recorded indices; shapes, labels and other maps are what stays."""
    rebuild, (terms, *rest) = J.__reduce__()
    children, bare = [], []
    for term in terms:
        children += [_flatten(factor.array, leaves) for factor in term.factors if isinstance(factor, Factor)]
        children += [_flatten(relation.index, leaves) for relation in term.maps if relation.is_recorded]
        bare.append(_with_arrays(term, repeat(None)))
    return Tree(Jacobian, (rebuild, tuple(bare), tuple(rest)), tuple(children))


def _sparse_text(pattern: SparsePattern, data: str, space: Namespace) -> str:
    space.imports["scipy.sparse"] = "sparse"
    kind = "csc" if pattern.format == "csc" else "csr"
    arrays = f"{data}, {space.constant(pattern.indices)}, {space.constant(pattern.indptr)}"
    text = f"sparse.{kind}_array(({arrays}), shape={pattern.shape})"
    return text if pattern.format in ("csr", "csc") else f"{text}.asformat({pattern.format!r})"


def _jacobian(about: Any, arrays: Sequence[Any]) -> Jacobian:
    rebuild, terms, rest = about
    waiting = iter(arrays)
    return rebuild([_with_arrays(term, waiting) for term in terms], *rest)


def _with_arrays(term: Term, arrays: Iterator[Any]) -> Term:
    factors = [Factor(next(arrays), f.labels, f.name) if isinstance(f, Factor) else f for f in term.factors]
    maps = [Map(m.dst, m.src, next(arrays), m.injective) if m.is_recorded else m for m in term.maps]
    return term.replace(factors=tuple(factors), maps=tuple(maps))
