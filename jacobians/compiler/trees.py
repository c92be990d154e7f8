"""What a compiled function takes and returns: nests whose leaves are arrays, and objects that hold arrays.

- `flatten(nest)`: the arrays of nests, of Jacobians and of sparse matrices in them, and a `Tree` that remembers
  everything else.
- `Tree.text(words)`: the Python expression that makes a nest of plain containers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, repeat
from operator import itemgetter
from typing import Any

import numpy as np

from ..labels import size_of
from ..program import Symbol
from ..tensor import BlockJacobian, Body, Jacobian, SparsePattern, edge, waiting_jacobian
from ..terms import Factor, Map, OperatorFactor, Term
from ..tracing.recorded import Recorded
from ..trees import Assembly
from ..trees import Tree as Nest
from ..trees import flatten as flatten_nest
from .namespace import Namespace

__all__ = ["Tree", "flatten"]


class Tree(Nest):
    """The shape of a nest of arrays, Jacobians and sparse matrices."""

    @staticmethod
    def quoted(key: Any) -> str:
        return repr(key)

    @property
    def is_plain(self) -> bool:
        """Whether it is made of tuples, lists, sparse matrices, and dicts whose keys print themselves."""
        if self.kind is dict:
            printable = all(type(key) in (str, int) for key in self.about)
            return printable and all(child.is_plain for child in self.children)
        if self.kind in (tuple, list, SparsePattern):
            return all(child.is_plain for child in self.children)
        return self.is_leaf or (self.kind is object and (self.about is None or type(self.about) in (str, int, bool)))

    @property
    def builder(self) -> Callable[[Sequence[Any]], Any]:
        """What makes the nest of its arrays; each call of a program does it, and has little time for it."""
        children = self.children
        if isinstance(self.about, Assembly) and all(child.is_leaf for child in children):
            return self.about.build
        if self.kind is not tuple and self.kind is not list and not isinstance(self.about, Assembly):
            return self.build
        starts = list(accumulate([child.count for child in children], initial=0))
        make = self.about.build if isinstance(self.about, Assembly) else self.kind
        alone = [child.is_leaf for child in children]
        parts = [
            (child.builder, itemgetter(start) if single else itemgetter(slice(start, start + child.count)), single)
            for child, start, single in zip(children, starts, alone, strict=False)
        ]
        return lambda leaves: make([take(leaves) if single else build(take(leaves)) for build, take, single in parts])

    def text(self, words: Iterator[str], space: Namespace) -> str:
        """The expression that makes a plain nest of these words."""
        if self.kind is None:
            return next(words)
        if self.kind is object:
            return repr(self.about)
        parts = [child.text(words, space) for child in self.children]
        if isinstance(self.about, _Matrix):
            return _sparse_text(self.about.pattern, parts[0], space)
        if self.kind is dict:
            return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(self.about, parts, strict=True)) + "}"
        if self.kind is list:
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    @property
    def marks(self) -> tuple[bool, ...]:
        """For each array whether it belongs to an object that does not hand it out to be written to."""
        if self.kind is None:
            return (False,)
        if self.kind is Jacobian:
            return (True,) * len(self.children)
        return tuple([mark for child in self.children for mark in child.marks])


def flatten(nest: Any) -> tuple[list[Any], Tree]:
    """The arrays of a nest in order, and its shape."""
    return flatten_nest(nest, _is_array, _taken_apart, Tree)


def _is_array(value: Any) -> bool:
    return type(value) is float or isinstance(value, (np.ndarray, np.generic, Symbol, Recorded))


def _taken_apart(value: Any) -> tuple[Assembly, Sequence[Any]] | None:
    """A sparse matrix by its entries, a Jacobian by its arrays."""
    if isinstance(value, SparsePattern):
        for positions in (value.indices, value.indptr):
            positions.flags.writeable = False  # every matrix that is built shares them
        return _Matrix(value._replace(data=None)), (value.data,)
    if isinstance(value, BlockJacobian):
        return _Blocks(value.tree), [J for row in value.settled() for J in row]
    return _jacobian_apart(value) if isinstance(value, Jacobian) else None


class _Blocks(Assembly):
    """A Jacobian of nests without its blocks: how the result and the argument are nested."""

    def build(self, parts: Sequence[Any]) -> BlockJacobian:
        return BlockJacobian.of_blocks(parts, *self.state[0])

    def steps(self) -> list[str]:
        out, inp = self.state[0]
        return [f".grid()[{row}][{column}]" for row in range(out.count) for column in range(inp.count)]


class _Matrix(Assembly):
    """A sparse matrix without its entries."""

    @property
    def pattern(self) -> SparsePattern:
        return self.state[0]

    def build(self, parts: Sequence[Any]) -> Any:
        return self.pattern.build(parts[0])

    def steps(self) -> list[str]:
        return [".data"]


class _Terms(Assembly):
    """A Jacobian without its arrays: its terms with nothing in them, shapes and dtypes."""

    @property
    def build(self) -> Callable[[Sequence[Any]], Jacobian]:  # type: ignore[override]
        return waiting_jacobian(self._body)

    def _body(self, parts: Sequence[Any]) -> Body:
        terms, *rest = self.state
        arrays = iter(parts)
        return Body(edge([_with_arrays(term, arrays) for term in terms], *rest), (0,), 1)

    def steps(self) -> list[str]:
        steps = []
        for n, term in enumerate(self.state[0]):
            dense = [m for m, factor in enumerate(term.factors) if isinstance(factor, Factor)]
            steps += [f".terms[{n}].factors[{m}].array" for m in dense]
            steps += [f".terms[{n}].maps[{m}].index" for m, relation in enumerate(term.maps) if relation.is_recorded]
        return steps


def _jacobian_apart(J: Jacobian) -> tuple[_Terms, list[Any]]:
    """The arrays of the factors of its terms, and recorded indices; shapes, labels and other maps are what stays."""
    _, (terms, *rest) = J.__reduce__()
    arrays, bare = [], []
    for term in map(_without_recorded_operators, terms):
        arrays += [factor.array for factor in term.factors if isinstance(factor, Factor)]
        arrays += [relation.index for relation in term.maps if relation.is_recorded]
        bare.append(_with_arrays(term, repeat(None)))
    return _Terms(tuple(bare), *rest), arrays


def _without_recorded_operators(term: Term) -> Term:
    """The term with a matrix for each operator that depends on what is recorded, such as a solution with it."""
    factors = [f.materialise() if isinstance(f, OperatorFactor) and _is_recorded(f) else f for f in term.factors]
    return term.replace(factors=tuple(factors))


def _is_recorded(operator: OperatorFactor) -> bool:
    nothing = np.zeros((size_of(operator.right), 1), operator.dtype)
    return isinstance(operator.operation.apply(nothing), Symbol)


def _with_arrays(term: Term, arrays: Iterator[Any]) -> Term:
    factors = [Factor(next(arrays), f.labels, f.name) if isinstance(f, Factor) else f for f in term.factors]
    maps = [Map(m.dst, m.src, next(arrays), m.injective) if m.is_recorded else m for m in term.maps]
    return term.replace(factors=tuple(factors), maps=tuple(maps))


def _sparse_text(pattern: SparsePattern, data: str, space: Namespace) -> str:
    space.imports["scipy.sparse"] = "sparse"
    kind = "csc" if pattern.format == "csc" else "csr"
    arrays = f"{data}, {space.constant(pattern.indices)}, {space.constant(pattern.indptr)}"
    text = f"sparse.{kind}_array(({arrays}), shape={pattern.shape})"
    return text if pattern.format in ("csr", "csc") else f"{text}.asformat({pattern.format!r})"
