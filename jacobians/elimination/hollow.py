"""A graph without its large arrays: what a plan needs of a graph whose numbers are elsewhere by now.

An explicit Jacobian holds its terms. Its plan can still be asked for, and that needs labels, sizes and index arrays
alone; the values of the function, which its graph holds, would only take memory.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..graph import LinearGraph
from ..late import Late
from ..terms import Factor, Term
from .shadows import Ledger

__all__ = ["hollow"]

SMALL = 4096
"""Bytes up to which an array is kept."""


def hollow(graph: LinearGraph) -> LinearGraph:
    """A graph with shadows in place of large arrays, for plans alone; the graph itself where it has none."""
    if not any([prod(shape) * 8 > SMALL for shape in {*graph.shapes}]):
        return graph
    ledger, result = Ledger(), graph.sharing()
    result.into = [
        {source: [_hollow(term, ledger) for term in terms] for source, terms in edges.items()} if edges else edges
        for edges in graph.into
    ]
    return result


def _hollow(term: Term, ledger: Ledger) -> Term:
    if term._pattern is not None and not term.act:
        given = term.arrays
        arrays = [ledger.shadow_of(array) if _is_large(array) else array for array in given]
        same = all([ours is theirs for ours, theirs in zip(arrays, given, strict=True)])
        return term if same else term._pattern.term(arrays, term.scale)
    factors = []
    for factor in term.factors:
        if isinstance(factor, Factor) and _is_large(factor.array):
            factor = Factor(ledger.shadow_of(factor.array), factor.labels, factor.name)
        factors.append(factor)
    same = all([ours is theirs for ours, theirs in zip(factors, term.factors, strict=True)])
    return term if same else term.replace(factors=tuple(factors))


def _is_large(array: Any) -> bool:
    """Whether an array holds numbers of its own, and many."""
    return type(array) in (np.ndarray, Late) and array.nbytes > SMALL
