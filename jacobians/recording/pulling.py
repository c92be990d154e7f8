"""Pull a cotangent of the output back to the inputs of a recorded function."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract import to_dense
from ..elimination import push
from ..labels import axes_of
from ..terms import Factor, Term
from .linearise import Linearised

__all__ = ["as_scalar", "pull"]


def pull(record: Linearised, cotangent: Any = None) -> tuple[Any, ...]:
    """The cotangents of the inputs, dense, for a cotangent of the output; without one, for a one of a scalar."""
    graph = record.graph
    axes = axes_of(graph.shapes[record.output])
    seed = Term((), axes, () if cotangent is None else (Factor.on(cotangent, axes),))
    result = push(graph, record.inputs, record.output, cotangent=[seed])
    return tuple([as_scalar(to_dense(result[n], graph.shapes[n], graph.dtypes[n])) for n in record.inputs])


def as_scalar(array: Any) -> Any:
    """A 0-d array as a NumPy scalar, anything else as it is."""
    return array[()] if isinstance(array, np.ndarray) and array.ndim == 0 else array
