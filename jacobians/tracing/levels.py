"""Levels: one for each transform that is at work.

``with opened() as level:`` opens a level above all that are open; the values that are traced on it record their
operations in ``level.graph``. When it closes, its values have no derivative any more and the arrays that it guarded are
free again.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar
from typing import Any
from weakref import WeakValueDictionary, ref

import numpy as np

from ..graph import LinearGraph
from ..late import Late
from ..partners import Partners
from ..program import Symbol
from ..terms import Term
from .guarding import Guard

__all__ = ["Level", "opened"]

_COUNTER = itertools.count()
_DEPTH: ContextVar[int] = ContextVar("depth", default=0)


class Level:
    """The record of one transform.

    Attributes
    ----------
    graph : LinearGraph
        What has been computed, and the local Jacobians.
    depth : int
        How many levels were open, in this context, when it was opened.
    open : bool
        Whether operations are still recorded.
    guard : Guard
        Keeps captured arrays as they were.
    order : int
        Later levels have larger numbers: an operation belongs to the latest level among its operands. (Depths would tie
        where a thread, whose context is fresh, uses a value of the level that started it.)
    inputs : list
        The memory of the inputs, which is the caller's.
    overwritten : WeakValueDictionary or None
        Memory that an in-place operation would have changed in NumPy: its owners by id, as long as they live. Traced
        values on it must not be used again. None where there never was any.
    refused : dict
        Results among them that have no derivative: the function and the reason, by the id of their memory.
    is_nested : bool
        Whether an input is traced by an earlier level, or recorded: then values may be no plain arrays.
    partners : Partners or None
        Calls of functions that are each other's slope, of large arrays.
    waiting : weak reference or None
        To the last value that is computed when somebody asks for it.
    """

    __slots__ = (
        *("depth", "graph", "guard", "inputs", "is_nested", "open", "order", "overwritten"),
        *("partners", "refused", "waiting"),
    )
    overwritten: WeakValueDictionary[int, Any] | None

    def __init__(self, depth: int, graph: LinearGraph | None = None) -> None:
        self.graph = LinearGraph() if graph is None else graph
        self.depth = depth
        self.open = True
        self.guard = Guard()
        self.order = next(_COUNTER)
        self.inputs: list[Any] = []
        self.is_nested = False
        self.overwritten = None
        self.refused: dict[int, tuple[str, str]] = {}
        self.partners: Partners | None = None
        self.waiting: ref[Any] | None = None

    def __repr__(self) -> str:
        return f"Level(depth={self.depth}, open={self.open}, vertices={len(self.graph)})"

    def overwrite(self, owner: Any) -> None:
        """Note that memory does not hold any more what NumPy would hold there."""
        if isinstance(owner, Symbol):
            owner.recorder.forget(owner)  # the same call is another array from now on
        self._note(owner)
        _ = self.refused.pop(id(owner), None)  # an earlier array may have been at this place

    def refuse(self, owner: Any, function: str, reason: str) -> None:
        """Note that a result has no derivative, so that using it raises."""
        self._note(owner)
        self.refused[id(owner)] = (function, reason)

    def _note(self, owner: Any) -> None:
        if self.overwritten is None:
            self.overwritten = WeakValueDictionary()
        self.overwritten[id(owner)] = owner

    def meet_partner(self, function: Any, operand: Any, result: Any, term: Term) -> None:
        """Let slopes that wait rest on what is computed anyway, where a function has its slope as a partner."""
        slope = term.arrays[0]
        if type(slope) is Late and type(operand) is type(result) is np.ndarray:
            if self.partners is None:
                self.partners = Partners()
            self.partners.meet(function, operand, result, slope)

    @property
    def is_highest(self) -> bool:
        """Whether none is open above, in this context."""
        return _DEPTH.get() == self.depth + 1

    def settle(self) -> None:
        """Compute the value that waits."""
        value = None if self.waiting is None else self.waiting()
        self.waiting = None
        if value is not None and value.waits:
            value.settle()

    def close(self) -> None:
        """Stop recording, and give captured arrays back to their owners."""
        if self.waiting is not None:
            self.settle()
        self.open = False
        self.guard.release()
        self.inputs.clear()
        self.partners = None


class opened:
    """A new level, above all that are open, which writes into an empty graph; it closes at the end of the block."""

    __slots__ = ("_graph", "_level", "_token")

    def __init__(self, graph: LinearGraph | None = None) -> None:
        self._graph = graph

    def __enter__(self) -> Level:
        depth = _DEPTH.get()
        self._level = level = Level(depth, self._graph)
        self._token = _DEPTH.set(depth + 1)
        return level

    def __exit__(self, *_: object) -> None:
        _DEPTH.reset(self._token)
        self._level.close()
