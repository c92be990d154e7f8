"""Rules of diagonals and triangles.

A main diagonal is one label on two axes; another diagonal is one label with an affine map to each axis. A triangle is a
mask of zeros and ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..labels import Axes, Axis, axes_of, flatten
from ..registry import Call, LocalTerm, diagonal_term, local
from ..terms import Map, Term
from .indexing import axis_of, window
from .structural import structural

__all__: list[str] = []


def _on_diagonal(rows: int, columns: int, entry: Axis, k: int) -> tuple[Axis, Axis, tuple[Map, ...]]:
    """The two axes of a matrix whose k-th diagonal is `entry`."""
    row, row_maps = window(rows, entry, max(-k, 0))
    column, column_maps = window(columns, entry, max(k, 0))
    return row, column, row_maps + column_maps


def _extracted(shape: tuple[int, ...], count: int, k: int, axis1: int, axis2: int) -> Term:
    inp, entry = list(axes_of(shape)), axis_of(count)
    inp[axis1], inp[axis2], maps = _on_diagonal(shape[axis1], shape[axis2], entry, k)
    batch = [axis for number, axis in enumerate(inp) if number not in (axis1, axis2)]
    return Term((*batch, entry), tuple(inp), maps=maps)


def _built(inp: Axes, size: int, k: int) -> Term:
    row, column, maps = _on_diagonal(size, size, flatten(inp), k)
    return Term((row, column), inp, maps=maps)


@local(np.diag)
@structural
def _(call: Call, v: Any, k: int = 0) -> Iterator[LocalTerm]:
    if np.ndim(v) == 1:
        yield 0, 0, _built(axes_of(np.shape(v)), call.result.shape[0], k)
    else:
        yield 0, 0, _extracted(np.shape(v), call.result.shape[0], k, 0, 1)


@local(np.diagflat)
@structural
def _(call: Call, v: Any, k: int = 0) -> Iterator[LocalTerm]:
    yield 0, 0, _built(axes_of(np.shape(v)), call.result.shape[0], k)


@local(np.diagonal)
@structural
def _(call: Call, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Iterator[LocalTerm]:
    first, second = [normalize_axis_index(axis, np.ndim(a)) for axis in (axis1, axis2)]
    yield 0, 0, _extracted(np.shape(a), call.result.shape[-1], offset, first, second)


@local(np.tril)
def _(call: Call, m: Any, k: int = 0) -> Iterator[LocalTerm]:
    mask = np.tri(*call.result.shape[-2:], k=k, dtype=bool)
    yield 0, 0, diagonal_term(call.result.shape, np.shape(m), mask, call.result.dtype)


@local(np.triu)
def _(call: Call, m: Any, k: int = 0) -> Iterator[LocalTerm]:
    mask = ~np.tri(*call.result.shape[-2:], k=k - 1, dtype=bool)
    yield 0, 0, diagonal_term(call.result.shape, np.shape(m), mask, call.result.dtype)
