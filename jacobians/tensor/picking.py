"""Entries of a Jacobian by a NumPy index: only what is asked for is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..chain import chain
from ..contract import to_dense
from ..labels import axes_of
from ..rules.indexing import indexing_term
from ..terms import Term, acting, plain
from .linking import Linear
from .products import pull_terms

__all__ = ["pick", "row_terms"]


def pick(terms: Sequence[Term], shape: tuple[int, ...], index: Any, dtype: np.dtype) -> Any:
    """The indexed entries of the tensor of shape out_shape + in_shape that the terms sum to."""
    picked = indexing_term(shape, index)
    asked = []
    for term in terms:
        found = chain(picked, plain(term).replace(out=term.out + term.inp, inp=()))
        if found is not None:
            asked.append(acting(found, term.act))
    return to_dense(asked, picked.out_shape, dtype)


def row_terms(linear: Linear, position: int) -> list[Term]:
    """The terms of a lazy Jacobian where the first index of out is `position`; zero elsewhere."""
    out_shape = linear.graph.shapes[linear.output]
    row = indexing_term(out_shape[:1], position)
    axes = axes_of(out_shape[1:])
    picked = Term(axes, row.inp + axes, maps=row.maps)
    found = []
    for term in pull_terms(linear, [picked]):
        back = chain(picked.T, plain(term))
        if back is not None:
            found.append(acting(back, term.act))
    return found
