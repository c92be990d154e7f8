"""`Tape`: the same transforms as a context manager, for code that reads line by line.

with Tape() as tape:
    W = tape.watch(W0)
    y = np.sum((W @ x) ** 2)
tape.gradient(y, W)
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from .errors import ArgumentError
from .recording import Linearised, check_any, check_real_result, checked_inputs, is_differentiated, owned_graph, pull
from .tensor import BlockJacobian, Body, Bundle, Jacobian
from .tracing import Traced, check_current, opened, watch
from .trees import flatten

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
        owned_graph(Linearised(self._level, (), None, self._level.graph, (), ()))
        return self._manager.__exit__(kind, error, trace)

    def watch(self, value: Any) -> Any:
        """A traced copy of an array of floating numbers, or a nest of them, on which everything is recorded.

        Parameters
        ----------
        value : array_like, or a nest of arrays
        """
        if self._level is None or not self._level.open:
            raise ArgumentError("Tape.watch", "the tape", "is not recording", "Watch inside the with block.")
        leaves, tree = checked_inputs("Tape.watch", "argument 0", value)
        check_any("Tape.watch", "argument 0", [(leaves, tree)])
        return tree.build([watch(self._level, leaf) for leaf in leaves])

    def gradient(self, target: Any, sources: Any) -> Any:
        """The gradient of a scalar in a watched array, or in each array of a nest of them.

        Parameters
        ----------
        target : traced scalar
        sources : traced array, or nest of them

        Returns
        -------
        array of the shape of the source, or the same nest of them; a list for a tuple of sources
        """
        shape = np.shape(target.value) if isinstance(target, Traced) else ()
        if shape != ():
            advice = "Use tape.jacobian, or sum the target to a scalar."
            raise ArgumentError("Tape.gradient", "the target", f"has shape {shape}, but must be a scalar", advice)
        record = self._record("Tape.gradient", target, sources)
        if not record.result.is_leaf:
            found, advice = f"is nested as {record.result}, but must be a scalar", "Use tape.jacobian."
            raise ArgumentError("Tape.gradient", "the target", found, advice)
        check_real_result("Tape.gradient", record.graph.dtypes[record.output], "the target")
        one = np.ones((), record.graph.dtypes[record.output])
        gradients = [gradient for part in _apart(record) for gradient in pull(part, [one])]
        return _nested(record, gradients)

    def jacobian(self, target: Any, sources: Any) -> Any:
        """The Jacobian of an array in a watched array, or in each of a list of them.

        Returns
        -------
        Jacobian, or a list of them. One `BlockJacobian` if the target is a nest, or the sources are any other nest than
        a list or tuple of arrays.
        """
        record = self._record("Tape.jacobian", target, sources)
        if self._level.open:
            owned_graph(record)
        (tree,) = record.arguments
        parts = _apart(record)
        flat = tree.is_leaf or (tree.kind in (list, tuple) and all([child.is_leaf for child in tree.children]))
        if record.result.is_leaf and flat:
            bodies = [Body(part.graph, part.inputs, part.output) for part in parts]
            return _nested(record, [Jacobian(body, vertex) for body in bodies for vertex in body.inputs])
        if len(parts) == 1:
            return BlockJacobian(Bundle(record.graph, record.inputs, record.outputs), record.result, tree)
        bundles = [Bundle(part.graph, part.inputs, part.outputs) for part in parts]
        rows = range(len(record.outputs))
        blocks = [Jacobian(bundle.row(row), bundle.inputs[0]) for row in rows for bundle in bundles]
        return BlockJacobian.of_blocks(blocks, record.result, tree)

    def _record(self, operation: str, target: Any, sources: Any) -> Linearised:
        ends, result = flatten(target, _is_value)
        starts, argument = flatten(sources, _is_value)
        several = isinstance(sources, (list, tuple))
        names = argument.paths("source ") if several else argument.paths("source 0")
        names = [name.replace("source [", "source ", 1).replace("]", "", 1) for name in names] if several else names
        for name, value in [*zip(result.paths("the target"), ends, strict=True), *zip(names, starts, strict=True)]:
            if not isinstance(value, Traced) or value.level is not self._level:
                kind = Traced if isinstance(value, Traced) else type(value)
                found = f"is a {kind.__name__} that this tape did not record"
                raise ArgumentError(operation, name, found, "Use values computed from tape.watch(...).")
        for name, tree in (("the target", result), ("sources", argument)):
            if not tree.count:
                raise ArgumentError(operation, name, f"is {tree}, a nest without an array", "Use traced values.")
        for end in ends:
            check_current(operation, end)
        vertices = tuple([source.vertex for source in starts])
        outputs = tuple([end.vertex for end in ends])
        return Linearised(self._level, (), None, self._level.graph, vertices, outputs, (argument,), result)


def _is_value(value: Any) -> bool:
    return isinstance(value, Traced) or is_differentiated(value)


def _nested(record: Linearised, entries: list[Any]) -> Any:
    """What belongs to the sources, nested as they are; a tuple of them gives a list."""
    (tree,) = record.arguments
    (found,) = record.nested(entries) if not tree.is_leaf else entries
    return list(found) if tree.kind is tuple else found


def _apart(record: Linearised) -> list[Linearised]:
    """One record for all sources if they are watched arrays, else one for each.

    Elimination stops at an input, so an intermediate value beside x would hide the paths from x that lead through it.
    """
    if not any(record.graph.into[vertex] for vertex in record.inputs):
        return [record]
    return [record._replace(inputs=(vertex,)) for vertex in record.inputs]
