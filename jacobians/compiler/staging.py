"""Run a function on symbols: what is left is the straight line of NumPy calls that it made, derivatives included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import CONSTANT, Node, Recorder, Symbol, recording
from .trees import Tree, flatten

__all__ = ["Staged", "stage"]


class Staged(NamedTuple):
    """A function as a straight line of calls.

    Attributes
    ----------
    inputs, outputs : list of Node
        One for each array of the arguments and of the result.
    result : Tree
        How the outputs are nested.
    """

    inputs: list[Node]
    outputs: list[Node]
    result: Tree


def stage(function: Callable[..., Any], names: Sequence[str], leaves: Sequence[Any], arguments: Tree) -> Staged:
    """Record ``function(*args, **kwargs)``.

    Parameters
    ----------
    function : callable
    names : sequence of str
        Of the inputs.
    leaves : sequence of array or float
        The arrays of the first call; their numbers are used only where a function does not tell the shape of its
        result.
    arguments : Tree
        How they are nested: a pair of positional and keyword arguments.
    """
    recorder = Recorder(Symbol)
    symbols = [recorder.input(name, leaf) for name, leaf in zip(names, leaves, strict=True)]
    with recording(recorder):
        args, kwargs = arguments.build(symbols)
        results, tree = flatten(function(*args, **kwargs))
    outputs = [_node(recorder, result) for result in results]
    return Staged([symbol.node for symbol in symbols], outputs, tree)


def _node(recorder: Recorder, result: Any) -> Node:
    if isinstance(result, Symbol):
        return result.node
    array = np.asarray(result)
    return Node(CONSTANT, (np.array(array),), {}, array.shape, array.dtype)
