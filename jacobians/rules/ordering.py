"""Rules of sorting: the order of the values is a permutation along one axis.

Entries that tie are moved in the order in which sorting finds them; each choice is a derivative from one side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..labels import axes_of
from ..registry import Call, LocalTerm, local
from ..steps import MADE, Step, Steps
from ..terms import Map, Term
from .indexing import flat_term, taken_along

__all__: list[str] = []


def _moved(a: Any, order: Any, axis: int | None) -> Term:
    if axis is None:
        return flat_term(np.shape(a), axes_of(order.shape), order, injective=True)
    if np.ndim(a) == 1:
        return flat_term(np.shape(a), axes_of(np.shape(a)), order, injective=True)
    return taken_along(np.shape(a), order.shape, order, axis)


def _sort_steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
    """Those of a vector."""
    a, more = args[0], args[1:]
    if more or kwargs or np.ndim(a) != 1 or np.size(a) < 2:
        return None
    (out,), (inp,) = axes_of((np.size(a),)), axes_of((np.size(a),))

    def moved(_: Any, a: Any) -> Term:
        return Term((out,), (inp,), maps=(Map.of(inp, out, np.argsort(a), True),))

    return Steps((Step(0, None, MADE, moved),))


@local(np.sort, steps=_sort_steps)
def _(
    call: Call, a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None
) -> Iterator[LocalTerm]:
    yield 0, 0, _moved(a, np.argsort(a, axis=axis, kind=kind, stable=stable), axis)


@local(np.partition)
def _(call: Call, a: Any, kth: Any, axis: int | None = -1, *_: Any, **__: Any) -> Iterator[LocalTerm]:
    # np.argpartition may arrange the entries beside kth in another way than np.partition did, so the result's own ranks
    # are looked up among the sorted entries.
    along = -1 if axis is None else axis
    ranks = np.argsort(np.argsort(call.result, axis=along, kind="stable"), axis=along, kind="stable")
    order = np.take_along_axis(np.argsort(a, axis=axis, kind="stable"), ranks, axis=along)
    yield 0, 0, _moved(a, order, axis)
