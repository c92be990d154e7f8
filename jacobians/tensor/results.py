"""Results that are no dense tensors: sparse matrices, and blocks along a shared axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from ..contract import (
    Placed,
    Triplets,
    compress,
    grid_of,
    is_arrangeable,
    is_compressible,
    reduce_term,
    to_coo,
    to_dense,
)
from ..elimination import Ledger, shadow_term
from ..errors import StructureError
from ..labels import size_of
from ..late import LARGE
from ..program import Symbol
from ..terms import LINEAR, Factor, Term, plain, real_part
from .patterns import SparsePattern, recorded_pattern, sparse_pattern

__all__ = ["shared_blocks", "sparse_bytes", "sparse_matrix", "triplet_count"]

Shape = tuple[int, ...]

_RECORDED = "Its positions differ from call to call. Return the Jacobian itself, and call to_sparse() on that."


def sparse_matrix(placed: Sequence[Placed], shape: tuple[int, int], dtype: np.dtype, format: str) -> Any:
    """The sum of terms at their places as a SciPy sparse array; as its pattern if they are recorded."""
    if format not in ("csr", "csc", "coo", "bsr"):
        raise ValueError(f"to_sparse: format must be 'csr', 'csc', 'coo' or 'bsr', but is {format!r}.")
    placed = [_normal(part) for part in placed if not part.term.is_empty]
    if is_compressible([part.term for part in placed if part.make is None]):
        found = compress(placed, shape, dtype, by_columns=format == "csc")
        return SparsePattern(found.data, found.indices, found.indptr, shape, format).build(found.data)
    placed = [part if part.make is None else Placed(part.make(), part.row, part.column) for part in placed]
    if is_arrangeable([part.term for part in placed]):
        recorded = recorded_pattern(placed, shape, format, dtype)
        if recorded is not None:
            return recorded
    entries = []
    for (row, column), parts in groupby(placed, lambda part: (part.row, part.column)):
        for rows, columns, values in to_coo([part.term for part in parts], dtype):
            for positions in (rows, columns):
                if isinstance(positions, Symbol):
                    raise positions.refusal("to_sparse()", _RECORDED)
            entries.append(Triplets(rows + row if row else rows, columns + column if column else columns, values))
    pattern = sparse_pattern(entries, shape, format, dtype)
    return pattern if isinstance(pattern.data, Symbol) else pattern.build(pattern.data)


def _normal(part: Placed) -> Placed:
    """The normal form of a term; its numbers are made later, if they are many and not there yet."""
    term = part.term
    if len(term.factors) > 1 and not term.act and triplet_count(term) * 8 >= LARGE and is_compressible([term]):
        product = _product_on_grid(term)
        if product is not None:
            return part._replace(term=product.replace(factors=product.factors[:1]), make=lambda: product)
        return part._replace(term=reduce_term(shadow_term(term, Ledger())), make=partial(reduce_term, term))
    return part._replace(term=_reduced(term))


def _product_on_grid(term: Term) -> Term | None:
    """The normal form of a term but for its factors, which are only to be multiplied; None where more is to be done."""
    labels = dict.fromkeys([label for factor in term.factors for label in factor.labels])
    shape = tuple([label.size for label in labels])
    found = reduce_term(term.replace(factors=(Factor(Ledger().made(shape, np.dtype(float)), tuple(labels)),)))
    return found.replace(factors=term.factors) if {*labels}.issubset(grid_of(found)) else None


def _reduced(term: Term) -> Term:
    """The normal form of a term between real arrays, its real part if that is meant."""
    found = reduce_term(plain(term))
    return found if term.act == LINEAR else real_part(found) or found


def sparse_bytes(placed: Sequence[Placed], dtype: np.dtype) -> int:
    """The most bytes that a sparse matrix of terms takes: a value and two positions for each entry that they place."""
    return sum([triplet_count(part.term) for part in placed]) * (dtype.itemsize + 2 * np.dtype(np.intp).itemsize)


def triplet_count(term: Term) -> int:
    """How many entries a term places: one for each value of the labels of out and inp, or of what determines them."""
    placing = [relation for relation in term.maps if not term.free.keys().isdisjoint(relation.dst)]
    determined = {label for relation in placing for label in relation.dst}
    sources = {label for relation in placing for label in relation.src}
    return size_of((sources | term.free.keys()) - determined)


def shared_blocks(terms: Sequence[Term], out_shape: Shape, in_shape: Shape, axis: int, dtype: np.dtype) -> Any:
    """The blocks along an axis that out and in share, of shape (size, rest of out..., rest of in...)."""
    rank = min(len(out_shape), len(in_shape))
    if not -rank <= axis < rank:
        raise StructureError(f"diagonal_blocks: axis {axis} is not an axis of both {out_shape} and {in_shape}.")
    axis %= rank
    if out_shape[axis] != in_shape[axis]:
        raise StructureError(f"diagonal_blocks: axis {axis} has different sizes in out {out_shape} and in {in_shape}.")
    blocks = []
    for term in terms:
        shared = term.out[axis]
        placed = {label for relation in term.maps for label in relation.dst}
        if shared != term.inp[axis] or not placed.isdisjoint(shared):
            raise StructureError(
                f"diagonal_blocks: the term {term} does not prove axis {axis} to be shared by out and in. "
                "Use to_array(), or an axis that the structure names."
            )
        rest = (*term.out[:axis], *term.out[axis + 1 :], *term.inp[:axis], *term.inp[axis + 1 :])
        blocks.append(term.replace(out=(shared, *rest), inp=()))
    shape = (out_shape[axis], *(n for s in (out_shape, in_shape) for k, n in enumerate(s) if k != axis))
    return to_dense(blocks, shape, dtype)
