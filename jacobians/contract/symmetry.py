"""The sum of terms as a dense array that equals its transpose exactly: for the Hessian of a real function.

Products round differently on the two sides of the diagonal. Where only some entries can differ from zero, their upper
triangle is computed and written twice; a block on the diagonal is symmetrised before it is repeated; of a large product
of matrices only the blocks above the diagonal are multiplied; what is dense gets its lower triangle from its upper one,
tile by tile, as the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..arrays import mirrored
from ..labels import Label, flatten, size_of
from ..plain import mirror
from ..terms import Factor, Term
from .assembly import is_native, to_coo, to_dense
from .places import SMALL, at_places, is_plain
from .reduction import apply_operators, reduce_term

__all__ = ["to_symmetric"]

FEWER = 16
"""Of so many entries of a matrix, one may lie below the diagonal at a position that is named."""


def to_symmetric(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype, out: np.ndarray | None = None) -> Any:
    """As `to_dense`, for terms whose sum is symmetric but for rounding; the result is so exactly.

    Parameters
    ----------
    terms : sequence of Term
        Of one shape for out and inp.
    shape : tuple of int
    dtype : dtype
    out : ndarray, optional
        As of `to_dense`.
    """
    if any([term.act for term in terms]):
        return _mirrored(to_dense(terms, shape, dtype, out), _side(shape))
    terms = [apply_operators(term) for term in terms if not term.is_empty]
    native = all([is_native(part) for term in terms for part in (*term.factors, *term.maps)])
    if native and prod(shape) <= SMALL:
        dense = at_places(terms, shape, dtype, out)
        if dense is not None:
            return _mirrored(dense, _side(shape))
    if any([is_plain(term) for term in terms]):
        dense = to_dense(terms, shape, dtype, out, symmetric=native)
        return _mirrored(dense, _side(shape))
    blocks = [_block(reduce_term(term), len(term.factors) > 1) for term in terms]
    known = [block for block in blocks if block is not None]
    if len(known) < len(blocks):
        if native:
            return _from_upper(terms, shape, dtype, out)
        return _mirrored(to_dense(terms, shape, dtype), _side(shape), _below(terms, shape, dtype))
    return to_dense(known, shape, dtype, out)


def _below(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """Where entries below the diagonal may differ from zero, and those across from them, as flat positions.

    None if the positions are not known, or are so many that it does not pay to name them.
    """
    size, below = _side(shape), np.zeros(0, np.intp)
    if not all([is_native(relation) for term in terms for relation in term.maps]):
        return ()
    for rows, columns, _ in to_coo(terms, dtype):
        higher, lower = np.minimum(rows, columns), np.maximum(rows, columns)
        below = np.union1d(below, (lower * size + higher)[lower > higher])
    return (below, below % size * size + below // size) if below.size < size * size // FEWER else ()


def _mirrored(dense: Any, size: int, below: tuple[np.ndarray, ...] = ()) -> Any:
    """A dense array whose lower triangle, as a matrix, is taken from the upper one; in place where that can be."""
    if type(dense) is np.ndarray:
        _ = mirror(dense.reshape(size, size))
        return dense
    return np.reshape(mirrored(np.reshape(dense, (size, size)), *below), np.shape(dense))


def _side(shape: tuple[int, ...]) -> int:
    """The number of rows of the matrix."""
    return prod(shape[: len(shape) // 2])


def _block(term: Term, fresh: bool) -> Term | None:
    """A reduced term with its block symmetrised; None where transposing it is no exchange of labels.

    The numbers of a fresh one are nobody else's.
    """
    out, inp = flatten(term.out), flatten(term.inp)
    exchange: dict[Label, Label] = {}
    for left, right in zip(out, inp, strict=False):
        if exchange.setdefault(left, right) != right or exchange.setdefault(right, left) != left:
            return None
    if term.maps or len(out) != len(inp):
        return None
    if not term.factors or all([label == other for label, other in exchange.items()]):
        return term
    (factor,) = term.factors
    assert isinstance(factor, Factor)
    if not all([exchange[label] in factor.labels for label in factor.labels]):
        return None
    # Rows are told by `out`, so that the triangles that several terms keep of their sum are the same one.
    once = [label for label in dict.fromkeys(out) if label in factor.labels]
    rows = [label for n, label in enumerate(once) if exchange[label] not in (label, *once[:n])]
    columns = [exchange[label] for label in rows]
    labels = (*[label for label in factor.labels if exchange[label] == label], *rows, *columns)
    shape = (*[label.size for label in labels[: len(labels) - 2 * len(rows)]], size_of(rows), size_of(columns))
    array = np.transpose(factor.array, [factor.labels.index(label) for label in labels])
    if is_native(factor):
        block = mirror(np.reshape(array, shape, copy=None if fresh else True))
    else:
        block = mirrored(np.reshape(array, shape))
    block = np.reshape(block, tuple([label.size for label in labels]))
    return term.replace(factors=(Factor(block, labels, factor.name),))


def _from_upper(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype, out: np.ndarray | None) -> np.ndarray:
    """The dense array of terms with few entries: those above the diagonal are added up, and written to both sides."""
    entries = to_coo(terms, dtype)
    result = np.zeros(shape, dtype) if out is None else out
    if out is not None:
        out[...] = 0
    dense = result.reshape(_side(shape), _side(shape))
    for rows, columns, values in entries:
        upper = rows <= columns
        np.add.at(dense, (rows[upper], columns[upper]), values[upper])
    for rows, columns, _ in entries:
        upper = rows < columns
        dense[columns[upper], rows[upper]] = dense[rows[upper], columns[upper]]
    return result
