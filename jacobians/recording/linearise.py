"""Run a function once, and write down its linear graph."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..elimination import has_large
from ..errors import ArgumentError
from ..graph import LinearGraph
from ..late import LARGE, Late
from ..pausing import with_rare_collection
from ..program import Symbol
from ..tensor import BlockJacobian, Jacobian
from ..terms import Factor, OperatorFactor, Term
from ..tracing import Level, Traced, advise, check_current, explain, lift, opened, released, watch
from ..trees import LEAF, Tree, flatten, is_container
from .arguments import check_any, check_dtype, check_function, checked_inputs, is_differentiated, is_moved
from .factored import as_output

__all__ = ["Linearised", "as_result", "linearise", "memory_of", "owned_graph", "with_arrays"]

T = TypeVar("T")


class Linearised(NamedTuple):
    """A function at a point: its value, and the graph of local Jacobians from the inputs to the outputs.

    Attributes
    ----------
    level : Level
    values : sequence
        The arrays of the result, and the Jacobians in it, one level below.
    aux : object
    graph : LinearGraph
    inputs, outputs : tuple of int
        The vertices of the arrays of all differentiated arguments, and of those of the result.
    arguments : tuple of Tree
        How each differentiated argument is nested.
    result : Tree
        How the result is nested.
    """

    level: Level
    values: Sequence[Any]
    aux: Any
    graph: LinearGraph
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    arguments: tuple[Tree, ...] = ()
    result: Tree = LEAF

    @property
    def output(self) -> int:
        """The vertex of a result that is one array."""
        return self.outputs[0]

    @property
    def is_nested(self) -> bool:
        """Whether the result or a differentiated argument is a nest, not an array."""
        return self.result is not LEAF or self.arguments.count(LEAF) < len(self.arguments)

    def value(self) -> Any:
        """The result as it is handed out."""
        values = [as_result(self.level, value) for value in self.values]
        return values[0] if self.result.is_leaf else self.result.build(values)

    def nested(self, entries: Sequence[Any]) -> tuple[Any, ...]:
        """For each differentiated argument the nest of what belongs to its arrays; one entry for each input."""
        if not self.is_nested:
            return tuple(entries)
        waiting = iter(entries)
        return tuple([tree.slopes().build(list(islice(waiting, tree.count))) for tree in self.arguments])


def linearise(
    operation: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    positions: tuple[int, ...],
    finish: Callable[[Linearised], T],
    has_aux: bool = False,
    allow_int: bool = False,
    start: Callable[[tuple[int, ...], tuple[Tree, ...]], None] | None = None,
    graph: LinearGraph | None = None,
) -> T:
    """Trace ``function(*args, **kwargs)`` and return ``finish`` of the record, run while captured arrays are guarded.

    Parameters
    ----------
    operation : str
        The name of the public function, for errors.
    function : callable
    args, kwargs
        Of the function.
    positions : tuple of int
        The positional arguments that are differentiated.
    finish : callable
        Gets a `Linearised`; what it keeps of the graph must be made independent with `owned_graph`.
    has_aux : bool
        Whether the function returns a pair of the result and anything else.
    allow_int : bool
        Whether integers among the differentiated arguments, and in a nest of results, are constants.
    start : callable, optional
        Called with the vertices of the inputs, and with how they are nested, before the function is run.
    graph : LinearGraph, optional
        What is written into, of a kind of its own.
    """
    check_function(operation, function)
    checked = [checked_inputs(operation, f"argument {position}", args[position], allow_int) for position in positions]
    if checked and not (allow_int or checked[0][0]):
        check_any(operation, f"argument {positions[0]}", checked)
    with with_rare_collection(), opened(graph) as level:
        arguments = [*args]
        inputs: list[int] = []
        trees: tuple[Tree, ...] = ()
        for position, (leaves, tree) in zip(positions, checked, strict=True):
            watched = [watch(level, leaf) for leaf in leaves]
            for leaf in watched:
                inputs.append(leaf.vertex)
            arguments[position] = watched[0] if tree is LEAF else tree.build(watched)
            trees = (*trees, tree)
        if start is not None:
            start(tuple(inputs), trees)
        try:
            result = function(*arguments, **kwargs)
        except (TypeError, ValueError, RuntimeError, AttributeError) as error:
            ours = explain(error)
            advise(error, ours)
            if ours is None or ours is error:
                raise
            raise ours from None
        aux = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                found = f"is {type(result).__name__}, but has_aux=True expects a pair"
                raise ArgumentError(operation, "the result", found, "Return (result, aux).")
            result, aux = result
        leaves, tree = ([result], LEAF) if isinstance(result, Traced) else _flat_result(operation, result, allow_int)
        paths = ("the result",) if tree is LEAF else tree.paths("the result")
        values, outputs = [], []
        for path, leaf in zip(paths, leaves, strict=True):
            value, vertex = _output(operation, level, path, leaf)
            values.append(value)
            outputs.append(vertex)
        given = None if aux is None else plain(level, aux)
        return finish(Linearised(level, values, given, level.graph, tuple(inputs), tuple(outputs), trees, tree))


def _flat_result(operation: str, result: Any, allow_int: bool) -> tuple[list[Any], Tree]:
    """The arrays and Jacobians of a result, and how they are nested; a `BlockJacobian` is the nest of its blocks."""
    if isinstance(result, BlockJacobian):
        result = result.blocks
    if not is_container(result):
        return [result], LEAF
    is_leaf = is_moved if allow_int else is_differentiated
    leaves, tree = flatten(result, is_leaf)
    if any([isinstance(leaf, BlockJacobian) for leaf in leaves]):
        apart = [leaf.blocks if isinstance(leaf, BlockJacobian) else leaf for leaf in leaves]
        leaves, tree = flatten(tree.build(apart), is_leaf)
    if not leaves:
        found = f"is {tree}, a nest without an array"
        raise ArgumentError(operation, "the result", found, "Return at least one array of floating numbers.")
    return leaves, tree


def _output(operation: str, level: Level, name: str, result: Any) -> tuple[Any, int]:
    """The plain value of a result, and its vertex; a result that depends on no input gets one without edges."""
    if isinstance(result, Traced) and result.level is level:
        check_current(operation, result)
        return result.value, result.vertex
    if isinstance(result, Jacobian):
        factored = as_output(operation, level, result)
        if factored is not None:
            return factored
        result = result.to_array()
    if isinstance(result, np.ndarray) and result.dtype == object:
        result = lift(result)
    elif hasattr(type(result), "__pandas_priority__") and not isinstance(result, (Traced, Symbol)):
        result = lift(np.asarray(result))  # a table counts as its numbers
    check_current(operation, result)
    if isinstance(result, Traced) and result.level is level:  # made of a list of entries, perhaps
        return result.value, result.vertex
    if not isinstance(result, (Traced, Symbol)):
        result = np.asarray(result)
    check_dtype(operation, name, result)
    return result, level.graph.add_vertex(result.shape, result.dtype)


def plain(level: Level, tree: Any) -> Any:
    """The same nest of lists, tuples and dicts with the values of this level instead of its traced arrays."""
    if isinstance(tree, Traced):
        return as_result(level, tree.value) if tree.level is level else tree
    if isinstance(tree, dict):
        return {key: plain(level, value) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[plain(level, value) for value in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)([plain(level, value) for value in tree])
    if is_container(tree):
        fields = [field.name for field in dataclasses.fields(tree) if field.init]
        return dataclasses.replace(tree, **{name: plain(level, getattr(tree, name)) for name in fields})
    return tree


def as_result(level: Level, value: Any) -> Any:
    """A value as it is handed out: an array that the caller may change, a NumPy scalar, or a Jacobian of its own."""
    if isinstance(value, Jacobian):
        terms = [with_arrays(term, level.guard.own) for term in value.terms]
        return Jacobian.of_terms(terms, value.out_shape, value.in_shape, value.dtype, value.in_dtype)
    if not isinstance(value, np.ndarray):
        return released(value)
    if value.ndim == 0:
        return value[()]
    return level.guard.own(value) if value.flags.writeable else value.copy()


def owned_graph(record: Linearised, *handed_out: Any) -> LinearGraph:
    """The graph, with a copy of every array that the caller of the transform could change later.

    Besides the arrays that the function captured, that is what is handed out to him: the result of ``np.exp`` is also
    its derivative.
    """
    graph, guard = record.graph, record.level.guard
    parts = [part for part in (*handed_out, record.aux) if part is not None]
    given = {id(memory_of(array)) for array in _arrays(parts)} if parts else set[int]()
    watched = {*guard.shared, *given} if given else guard.shared
    shared = [
        (terms, n)
        for edges in graph.into
        for terms in edges.values()
        for n, term in enumerate(terms)
        if _may_share(term, watched)
    ]
    if not shared:
        return graph
    copies: dict[int, tuple[Any, Any]] = {}
    uses = Counter(_used(graph) if has_large(graph) else ())

    def is_independent(array: Any) -> bool:
        return not isinstance(array, np.ndarray) or not (guard.shares(array) or id(memory_of(array)) in given)

    def is_large(array: Any) -> bool:
        return isinstance(array, np.ndarray) and array.nbytes >= LARGE

    def independent(array: Any) -> Any:
        if type(array) is Late:
            array = array.known()
        if type(array) is Late:
            if all([is_independent(x) or uses[id(x)] > 1 for x in array.operands]):
                return array.on([independent(x) for x in array.operands])
            again = array.afresh()
            if again is not None and all(
                [is_independent(x) and (not is_large(x) or uses[id(x)]) for x in again.operands]
            ):
                return again
            array = array.made()  # takes no more memory than a copy of what it is made of
        owned = guard.own(array)
        if owned is not array or not given or id(memory_of(array)) not in given:
            return owned
        if id(array) not in copies:
            copies[id(array)] = array, array.copy(order="K")
        return copies[id(array)][1]

    for terms, n in shared:
        terms[n] = with_arrays(terms[n], independent)
    return graph


def _may_share(term: Term, watched: Collection[int]) -> bool:
    """Whether a term may hold memory of others: most arrays only the graph holds, or nobody can change them."""
    if term._pattern is None:
        return True
    for array in term.arrays:
        if type(array) is not np.ndarray or not (array.base is None or type(array.base) is bytes):
            return True
        if id(array) in watched:
            return True
    return False


def _used(graph: LinearGraph) -> Iterator[int]:
    """The ids of the arrays in a graph, as often as they occur; of slopes that wait, those of their operands."""
    for edges in graph.into:
        for terms in edges.values():
            for term in terms:
                if term._pattern is not None:
                    for array in term.arrays:
                        yield from map(id, array.operands) if type(array) is Late else (id(array),)


def with_arrays(term: Term, change: Callable[[Any], Any]) -> Term:
    """The term with other arrays in its dense factors; the term itself where none changes."""
    if term._pattern is not None:
        given = term.arrays
        arrays = [change(array) for array in given]
        for ours, theirs in zip(arrays, given, strict=True):
            if ours is not theirs:
                return term._pattern.term(arrays, term.scale)
        return term
    if any(isinstance(factor, OperatorFactor) for factor in term.factors):
        term = term.replace(factors=tuple([_operation_with_arrays(factor, change) for factor in term.factors]))
    changed: dict[int, Any] = {}
    for n, factor in enumerate(term.factors):
        if isinstance(factor, Factor):
            array = change(factor.array)
            if array is not factor.array:
                changed[n] = Factor(array, factor.labels, factor.name)
    if not changed:
        return term
    return term.replace(factors=tuple([changed.get(n, factor) for n, factor in enumerate(term.factors)]))


def _operation_with_arrays(factor: Factor | OperatorFactor, change: Callable[[Any], Any]) -> Factor | OperatorFactor:
    """An operator with other arrays in its operation."""
    if isinstance(factor, Factor):
        return factor
    return OperatorFactor(factor.operation.with_arrays(change), factor.left, factor.right, factor.name)


def memory_of(array: Any) -> Any:
    """The array that owns the memory of an array."""
    while isinstance(array, np.ndarray) and isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _arrays(tree: Any) -> Iterator[np.ndarray]:
    """The plain arrays in a nest of lists, tuples and dicts."""
    if tree is None:
        return
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, (list, tuple, dict)):
        for entry in tree.values() if isinstance(tree, dict) else tree:
            yield from _arrays(entry)
    elif is_container(tree):
        yield from _arrays([getattr(tree, field.name) for field in dataclasses.fields(tree)])
