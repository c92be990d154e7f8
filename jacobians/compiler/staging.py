"""Run a function on symbols: what is left is the straight line of NumPy calls that it made, derivatives included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from ..program import CONSTANT, INPUT, Node, Recorder, Symbol, Twins, recording, topological
from ..registry import lookup
from ..tracing import advise, contains_traced, explain
from ..tracing.guarding import Guard
from .trees import Tree, flatten

__all__ = ["Staged", "stage"]


class Staged(NamedTuple):
    """A function as a straight line of calls.

    Attributes
    ----------
    inputs, outputs : list of Node
        One for each array of the arguments and of the result.
    nodes : list of Node
        All that the outputs need, operands first.
    result : Tree
        How the outputs are nested.
    quiet : bool
        Whether a call that may warn was recorded where warnings were switched off.
    """

    inputs: list[Node]
    outputs: list[Node]
    nodes: list[Node]
    result: Tree
    quiet: bool


def stage(function: Callable[..., Any], names: Sequence[str], leaves: Sequence[Any], arguments: Tree) -> Staged | None:
    """Record ``function(*args, **kwargs)``; None where it is a part of a derivative or a program around it.

    That it is if it closes over their values: ``grad(lambda x: compile(lambda y: y * x)(1.0))``.

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
    guard = Guard()
    recorder = Recorder(Symbol, _DEFINITIONS, guard.capture)
    symbols = [recorder.input(name, leaf) for name, leaf in zip(names, leaves, strict=True)]
    try:
        with recording(recorder), _unlike_quiet():
            args, kwargs = arguments.build(symbols)
            results, tree = flatten(function(*args, **kwargs))
            if any([_is_foreign(recorder, result) for result in results]):
                return None
            outputs = [_node(recorder, result) for result in results]
        nodes = topological(outputs)
        inputs = [symbol.node for symbol in symbols]
        if not {node for node in nodes if node.function is INPUT}.issubset(inputs):
            return None
        constants = [node for node in nodes if node.function is CONSTANT]
        for node in constants:  # the caller may change its own arrays from now on
            node.args = (guard.own(node.args[0]),)
        _unite(constants)
    except (TypeError, ValueError) as error:
        if recorder.is_enclosed:
            return None
        ours = explain(error)
        advise(error, ours)
        if ours is None or ours is error:
            raise
        raise ours from None
    finally:
        guard.release()
        recorder.release()
    return Staged(inputs, outputs, nodes, tree, recorder.quiet)


def _is_foreign(recorder: Recorder, result: Any) -> bool:
    """Whether a result is a value of a derivative or a program around this one."""
    return result.recorder is not recorder if isinstance(result, Symbol) else contains_traced(result)


def _unite(constants: Sequence[Node]) -> None:
    """Constants that have the bytes of another one become the transposed of it."""
    twins, nodes = Twins(), {}
    for node in constants:
        found = twins.first(node.args[0])
        if found is None:
            nodes[id(node.args[0])] = node
        else:
            node.function, node.args = np.transpose, (nodes[id(found[0])], found[1])
            node.operands = (nodes[id(found[0])],)


class _Deaf:
    """Takes warnings and forgets them."""

    def write(self, message: str) -> None:
        pass


def _unlike_quiet() -> AbstractContextManager[Any]:
    """Where the caller has switched warnings off for the first call, they are off in another way than inside rules.

    How the caller wants to be warned is asked again at each replay; what is quiet by itself stays quiet.
    """
    ignored = np.geterr()["divide"] == "ignore"
    return np.errstate(divide="log", call=_Deaf()) if ignored else nullcontext()


def _node(recorder: Recorder, result: Any) -> Node:
    if isinstance(result, np.ndarray) and result.dtype.kind == "O":
        result = recorder.joined(result)
    if isinstance(result, Symbol):
        recorder.check_current(result)
        return result.node
    array = np.asarray(result)
    return Node(CONSTANT, (np.array(array),), {}, array.shape, array.dtype)


def _definition(function: Any) -> Callable[..., Any]:
    """The rule by which a function is made of others; read when it is called, since the rules may come later."""

    def run(*args: Any, **kwargs: Any) -> Any:
        rule = lookup(function)
        assert rule is not None
        assert rule.run is not None
        return rule.run(*args, **kwargs)

    return run


# They call a function of the caller, which is to be recorded, or write into a recorded array.
_WRITERS = (np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask)
_DEFINITIONS = {f: _definition(f) for f in (np.apply_along_axis, np.apply_over_axes, *_WRITERS)}
