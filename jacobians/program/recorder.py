"""`Recorder`: writes down each call once.

A call that has been recorded before, with the same arguments, is the same node again, so that common subexpressions are
computed once and shared factors are recognised. Calls without a symbol among their arguments never arrive here: NumPy
computes them at once, and they are constants.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .identities import same_as
from .node import CONSTANT, INPUT, Node, replaced, topological, walk
from .shapes import STATIC, answer, infer

__all__ = ["Recorder", "argument_key", "constant_symbol", "recording"]

_ACTIVE: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_HASHED_BYTES = 4096


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """Make a recorder the one that `constant_symbol` uses, for the block."""
    token = _ACTIVE.set(recorder)
    try:
        yield recorder
    finally:
        _ACTIVE.reset(token)


def constant_symbol(array: Any) -> Any:
    """A plain array as a symbol while a recorder is at work, so that what follows is recorded; else as it is.

    For results that are much larger than their numbers: they are to be computed by each replay, and not to be stored.
    """
    recorder = _ACTIVE.get()
    if recorder is None or not isinstance(array, np.ndarray):
        return array
    return recorder.symbol(recorder.constant(array))


class Recorder:
    """The calls that were recorded, and the numbers of the first call.

    Parameters
    ----------
    make : callable
        ``make(recorder, node)`` is the symbol of a node.
    """

    def __init__(self, make: Any) -> None:
        self._make = make
        self._known: dict[Any, Any] = {}
        self._symbols: dict[int, Any] = {}
        self._constants: dict[Any, Node] = {}
        self._values: dict[int, Any] = {}
        self._held: list[Any] = []  # keeps what is known by its id alive

    def symbol(self, node: Node) -> Any:
        """The symbol of a node: always the same one."""
        known = self._symbols.get(id(node))
        if known is None:
            known = self._symbols[id(node)] = self._make(self, node)
        return known

    def input(self, name: str, example: Any) -> Any:
        """The symbol of an input; the example tells shape and dtype, and the numbers of the first call."""
        weak = type(example) is float
        node = Node(INPUT, (name,), {}, np.shape(example), np.result_type(example), weak=weak)
        self._values[id(node)] = example
        return self.symbol(node)

    def constant(self, array: np.ndarray) -> Node:
        """The node of a constant: the same one for the same array, and for equal small arrays."""
        small = array.nbytes <= _HASHED_BYTES
        key = (array.shape, array.dtype.str, array.tobytes()) if small else id(array)
        node = self._constants.get(key)
        if node is None:
            self._held.append(array)
            kept = np.array(array) if small else array  # changing it later does no harm
            node = self._constants[key] = Node(CONSTANT, (kept,), {}, array.shape, array.dtype)
            self._values[id(node)] = kept
        return node

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a call; returns the symbol of its result, or a list or tuple of them."""
        if function is np.einsum:
            args = _numbered(args)
        args = tuple([self._argument(argument) for argument in args])
        kwargs = {name: self._argument(argument) for name, argument in kwargs.items() if argument is not np._NoValue}
        if function in STATIC:
            return answer(function, args, kwargs)
        key = (function, argument_key(args), argument_key(tuple(kwargs.items())))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._recorded(function, args, kwargs)
        return known

    def _recorded(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = infer(function, args, kwargs)
        if found is None:
            return self._by_numbers(function, args, kwargs)
        same = same_as(function, args, kwargs, *found)
        return self.symbol(Node(function, args, kwargs, *found) if same is None else same)

    def _by_numbers(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the call on the numbers of the first call, to see what it returns."""
        self._compute(walk((args, tuple(kwargs.values()))))
        result = _run(function, args, kwargs, self._values)
        if isinstance(result, (tuple, list)):
            several = Node(function, args, kwargs, (), float, parts=len(result))
            self._values[id(several)] = result
            picked = [self._result(operator.getitem, (several, n), {}, part) for n, part in enumerate(result)]
            made = type(result)(*picked) if hasattr(result, "_fields") else type(result)(picked)  # type: ignore[call-arg]
            return made
        return self._result(function, args, kwargs, result)

    def _result(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Any:
        if not isinstance(value, (np.ndarray, np.generic, int, float)):
            return value
        node = Node(function, args, kwargs, np.shape(value), np.result_type(value))
        self._values[id(node)] = value
        return self.symbol(node)

    def _compute(self, nodes: Iterator[Node]) -> None:
        waiting = [node for node in nodes if id(node) not in self._values]
        for node in topological(waiting) if waiting else ():
            if id(node) not in self._values:
                self._values[id(node)] = _run(node.function, node.args, node.kwargs, self._values)
                self._held.append(node)

    def _argument(self, value: Any) -> Any:
        """An argument with symbols and arrays replaced by their nodes."""
        if type(value) in (int, float, str, bool, type(None), slice, np.dtype):
            return value
        node = getattr(value, "node", None)
        if isinstance(node, Node):
            return node
        if isinstance(value, (np.ndarray, np.generic)):
            return self.constant(np.asarray(value)) if value.dtype.kind in "biufc" else value
        if type(value) in (tuple, list):
            return type(value)([self._argument(entry) for entry in value])
        return value


def _run(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], values: dict[int, Any]) -> Any:
    def value_of(node: Node) -> Any:
        return values[id(node)]

    plain = {name: replaced(argument, value_of) for name, argument in kwargs.items()}
    with np.errstate(all="ignore"):
        return function(*replaced(args, value_of), **plain)


def _numbered(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """An einsum with tuples of int as labels, whichever way it was written; with ``...`` it stays as it is."""
    if not isinstance(args[0], str):
        return tuple([tuple(a) if isinstance(a, (list, tuple)) else a for a in args])
    words, arrow, output = args[0].replace(" ", "").partition("->")
    if "." in words:
        return args
    groups = words.split(",")
    if not arrow:
        output = "".join(sorted({letter for letter in "".join(groups) if "".join(groups).count(letter) == 1}))
    number: dict[str, int] = {}
    interleaved: list[Any] = []
    for operand, group in zip(args[1:], groups, strict=True):
        interleaved += [operand, tuple([number.setdefault(letter, len(number)) for letter in group])]
    return (*interleaved, tuple([number.setdefault(letter, len(number)) for letter in output]))


def argument_key(value: Any) -> Any:
    """What two equal arguments have in common; 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    if isinstance(value, Node):
        return id(value)
    if type(value) in (tuple, list):
        return (type(value), *[argument_key(entry) for entry in value])
    if isinstance(value, slice):
        return (slice, value.start, value.stop, value.step)
    if isinstance(value, float):
        return (float, value.hex())
    try:
        hash(value)
    except TypeError:
        return (type(value), id(value))
    return (type(value), value)
