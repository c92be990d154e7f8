"""Pull cotangents of the outputs back to the inputs of a recorded function.

A large gradient is handed out as the array that the last contraction made, where nothing else holds that memory; a
copy would take as long as the contraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import pull_several, push
from ..graph import LinearGraph
from ..labels import axes_of, flatten
from ..tensor import cotangent_term
from ..terms import Factor, OperatorFactor, Term, plain
from ..tracing import released
from .linearise import Linearised, memory_of

__all__ = ["as_scalar", "pull"]

_LARGE = 65536
"""Bytes from which a copy costs more than to look whether it is needed."""


def pull(record: Linearised, cotangents: Sequence[Any] | None = None) -> tuple[Any, ...]:
    """The cotangents of the inputs, dense, for those of the outputs; without any, for a one of a scalar."""
    graph = record.graph
    seeds = []
    for n, output in enumerate(record.outputs):
        axes = axes_of(graph.shapes[output])
        if cotangents is None:
            seeds.append([Term((), axes)])
        else:
            seeds.append([cotangent_term((), axes, cotangents[n], graph.dtypes[output])])
    if len(seeds) == 1:
        result = push(graph, record.inputs, record.output, cotangent=seeds[0])
    else:
        result = pull_several(graph, record.inputs, record.outputs, seeds)
    if graph.has_complex:
        result = {n: terms if graph.is_real(n) else [plain(term) for term in terms] for n, terms in result.items()}
    made = {n: _as_made(result[n], graph.dtypes[n]) for n in record.inputs}
    large = [array for array in made.values() if array is not None and array.nbytes >= _LARGE]
    shared = _shared(graph, [term for terms in seeds for term in terms], result.values()) if large else ()
    gradients = []
    for n, array in made.items():
        shape, dtype = graph.shapes[n], graph.dtypes[n]
        if array is None:
            gradient = to_dense(result[n], shape, dtype)
        else:
            ours = array.nbytes >= _LARGE and _owns(array) and id(array) not in shared
            gradient = np.reshape(array if ours else array.copy(), shape)
        gradients.append(as_scalar(gradient))
    return tuple(gradients)


def _as_made(terms: Sequence[Term], dtype: np.dtype) -> np.ndarray | None:
    """The array of a term that is nothing but one array in order; else None."""
    if len(terms) != 1 or len(terms[0].factors) != 1 or terms[0].maps or terms[0].bound or terms[0].scale != 1:
        return None
    if terms[0].act:
        return None
    (factor,) = terms[0].factors
    if isinstance(factor, OperatorFactor) or factor.labels != flatten(terms[0].inp):
        return None
    array = factor.array
    return array if type(array) is np.ndarray and array.dtype == dtype else None


def _owns(array: np.ndarray) -> bool:
    flags = array.flags
    return flags.owndata and flags.c_contiguous and flags.writeable


def _shared(graph: LinearGraph, seeds: Sequence[Term], results: Iterable[Sequence[Term]]) -> set[int]:
    """The memory that the graph, the seeds or several results hold."""
    recorded = [term for edges in graph.into for terms in edges.values() for term in terms]
    uses = Counter(_held([term for terms in results for term in terms]))
    return {*_held([*seeds, *recorded]), *(memory for memory, count in uses.items() if count > 1)}


def _held(terms: Iterable[Term]) -> list[int]:
    return [id(memory_of(part.array)) for term in terms for part in term.factors if isinstance(part, Factor)]


def as_scalar(array: Any) -> Any:
    """A 0-d array as a NumPy scalar; a traced one as the caller may write into it; anything else as it is."""
    return array[()] if isinstance(array, np.ndarray) and array.ndim == 0 else released(array)
