"""`Tape`: the same transforms as a context manager, for code that reads line by line.

with Tape() as tape:
    W = tape.watch(W0)
    y = np.sum((W @ x) ** 2)
tape.gradient(y, W)
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np

from .errors import ArgumentError
from .recording import Linearised, checked_input, owned_graph, pull
from .tensor import Body, Jacobian
from .tracing import Traced, check_current, opened, watch

__all__ = ["Tape"]


class Tape:
    """Records what is done to watched arrays inside the ``with`` block.

    After the block its values are valid for `gradient` and `jacobian` only; any other NumPy call on them raises.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> with Tape() as tape:
    ...     W = tape.watch(np.array([[1.0, -2.0], [1.0, 1.0]]))
    ...     b = tape.watch(np.zeros(2))
    ...     loss = np.sum((W @ x + b) ** 2)
    >>> tape.gradient(loss, [W, b])
    [array([[ -6., -12.],
           [  6.,  12.]]), array([-6.,  6.])]
    """

    def __init__(self) -> None:
        self._manager = opened()
        self._level: Any = None

    def __enter__(self) -> Tape:
        if self._level is not None:
            raise ArgumentError("Tape", "the tape", "has been used before", "Make a new one for each with block.")
        self._level = self._manager.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        owned_graph(Linearised(self._level, None, None, self._level.graph, (), 0))
        return self._manager.__exit__(kind, error, trace)

    def watch(self, value: Any) -> Any:
        """A traced copy of an array of floating numbers, on which everything is recorded.

        Parameters
        ----------
        value : array_like
        """
        if self._level is None or not self._level.open:
            raise ArgumentError("Tape.watch", "the tape", "is not recording", "Watch inside the with block.")
        return watch(self._level, checked_input("Tape.watch", 0, value))

    def gradient(self, target: Any, sources: Any) -> Any:
        """The gradient of a scalar in a watched array, or in each of a list of them.

        Parameters
        ----------
        target : traced scalar
        sources : traced array, or list or tuple of them

        Returns
        -------
        array of the shape of the source, or a list of them
        """
        shape = np.shape(target.value) if isinstance(target, Traced) else ()
        if shape != ():
            advice = "Use tape.jacobian, or sum the target to a scalar."
            raise ArgumentError("Tape.gradient", "the target", f"has shape {shape}, but must be a scalar", advice)
        record, single = self._record("Tape.gradient", target, sources)
        one = np.ones((), record.graph.dtypes[record.output])
        gradients = [gradient for part in _apart(record) for gradient in pull(part, one)]
        return gradients[0] if single else gradients

    def jacobian(self, target: Any, sources: Any) -> Any:
        """The Jacobian of an array in a watched array, or in each of a list of them.

        Returns
        -------
        Jacobian, or a list of them
        """
        record, single = self._record("Tape.jacobian", target, sources)
        if self._level.open:
            owned_graph(record)
        bodies = [Body(part.graph, part.inputs, part.output) for part in _apart(record)]
        results = [Jacobian(body, vertex) for body in bodies for vertex in body.inputs]
        return results[0] if single else results

    def _record(self, operation: str, target: Any, sources: Any) -> tuple[Linearised, bool]:
        single = not isinstance(sources, (list, tuple))
        listed: Sequence[Any] = [sources] if single else sources
        for name, value in [("the target", target), *[(f"source {n}", source) for n, source in enumerate(listed)]]:
            if not isinstance(value, Traced) or value.level is not self._level:
                found = f"is a {type(value).__name__} that this tape did not record"
                raise ArgumentError(operation, name, found, "Use values computed from tape.watch(...).")
        check_current(operation, target)
        vertices = tuple([source.vertex for source in listed])
        return Linearised(self._level, None, None, self._level.graph, vertices, target.vertex), single


def _apart(record: Linearised) -> list[Linearised]:
    """One record for all sources if they are watched arrays, else one for each.

    Elimination stops at an input, so an intermediate value beside x would hide the paths from x that lead through it.
    """
    if not any(record.graph.into[vertex] for vertex in record.inputs):
        return [record]
    return [record._replace(inputs=(vertex,)) for vertex in record.inputs]
