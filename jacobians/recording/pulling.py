"""Pull cotangents of the outputs back to the inputs of a recorded function.

A large gradient is handed out as the array that the last contraction made, where nothing else holds that memory; a
copy would take as long as the contraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import is_alone, pull_several, push
from ..labels import axes_of, flatten
from ..late import LARGE
from ..quiet import quietly
from ..tensor import cotangent_term
from ..terms import Term, plain, standardised
from ..tracing import released
from .linearise import Linearised

__all__ = ["as_scalar", "handed_out", "pull"]


@quietly
def pull(record: Linearised, cotangents: Sequence[Any] | None = None, *, consume: bool = False) -> tuple[Any, ...]:
    """The cotangents of the inputs, dense, for those of the outputs; without any, for a one of a scalar.

    With `consume` the graph is empty afterwards.
    """
    graph = record.graph
    seeds = []
    for n, output in enumerate(record.outputs):
        shape = graph.shapes[output]
        if cotangents is None:
            seeds.append([_ones(shape)])
        else:
            seeds.append([cotangent_term((), axes_of(shape), cotangents[n], graph.dtypes[output])])
    if len(seeds) == 1:
        result = push(graph, record.inputs, record.output, cotangent=seeds[0], consume=consume)
    else:
        result = pull_several(graph, record.inputs, record.outputs, seeds, consume)
    if graph.has_complex:
        result = {n: terms if graph.is_real(n) else [plain(term) for term in terms] for n, terms in result.items()}
    return tuple([handed_out(result[n], graph.shapes[n], graph.dtypes[n]) for n in record.inputs])


@lru_cache(maxsize=64)
def _ones(shape: tuple[int, ...]) -> Term:
    """The cotangent of ones."""
    return standardised(Term((), axes_of(shape)))


def handed_out(terms: list[Term], shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The array of a vector of terms: that which the last contraction made, where nobody else holds it."""
    large = prod(shape) * dtype.itemsize >= LARGE
    if large and len(terms) == 1 and _is_array(terms[0], shape, dtype) and is_alone(terms):
        array, scale = terms[0].arrays[0], terms[0].scale
        return np.reshape(array if scale == 1 else np.multiply(array, scale, array), shape)
    return as_scalar(to_dense(terms, shape, dtype))


def _is_array(term: Term, shape: tuple[int, ...], dtype: np.dtype) -> bool:
    """Whether a term is a multiple of one true array, in the order of the result."""
    pattern = term._pattern
    if pattern is None or term.act or len(pattern.groups) != 1 or pattern.maps or pattern.bound:
        return False
    if pattern.groups[0] != flatten(pattern.out + pattern.inp):
        return False
    array = term.arrays[0]
    return type(array) is np.ndarray and array.dtype == dtype and array.size == prod(shape)


def as_scalar(array: Any) -> Any:
    """A 0-d array as a NumPy scalar; a traced one as the caller may write into it; anything else as it is."""
    return array[()] if isinstance(array, np.ndarray) and array.ndim == 0 else released(array)
