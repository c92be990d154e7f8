"""`Recorder`: writes down each call once.

A call that has been recorded before, with the same arguments, is the same node again, so that common subexpressions are
computed once and shared factors are recognised. Calls without a symbol among their arguments never arrive here: NumPy
computes them at once, and they are constants.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..arrays import assigned, is_sparse
from ..errors import ArgumentError
from ..exposed import is_exposed
from .choices import chosen
from .identities import same_as
from .keys import argument_key, opened_at_once
from .makers import MAKERS, made
from .matrices import captured_matrix
from .node import CONSTANT, INPUT, Node, replaced, topological, walk
from .shapes import STATIC, answer, note_part, result_of, result_of_part
from .spelling import SPELLED, spelled
from .twins import Twins
from .undecided import reason_against

__all__ = ["Recorder", "constant_symbol", "recording"]

# Ufuncs that warn at ordinary points, such as 1 / 0; others warn only of what these have made.
_WARNING = {np.divide, np.reciprocal, np.power, np.float_power, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.exp}
_WARNING |= {np.exp2, np.expm1, np.sinh, np.cosh, np.arccosh, np.arctanh, np.arcsin, np.arccos, np.remainder, np.fmod}

_ACTIVE: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_HASHED_BYTES = 4096
_INTEGER = {int}
_ENDS = {int, type(None)}
_COPYING = {np.copy, np.positive, np.astype, np.multiply, np.divide, np.conjugate}
_MAKING = {np.copy, np.zeros_like, np.ones_like, np.empty_like, np.full_like}
"""Functions that are called for an array to be written into: each call makes an array of its own."""


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
    make : type
        ``make(recorder, node)`` is the symbol of a node.
    definitions : dict of callable to callable
        Functions that are recorded as what they are made of: those that call a function of the caller.
    capture : callable
        Gets each constant, and returns an array of the same numbers that will not change.
    """

    def __init__(
        self,
        make: Any,
        definitions: Mapping[Any, Callable[..., Any]] | None = None,
        capture: Callable[[np.ndarray], np.ndarray] = np.array,
    ) -> None:
        self._make = make
        self._definitions = definitions or {}
        self._capture = capture
        self._special = {*self._definitions, *MAKERS, *SPELLED}
        self._known: dict[Any, Any] = {}
        self._symbols: dict[int, Any] = {}
        self._constants: dict[Any, Node] = {}
        self._twins = Twins()
        self._values: dict[int, Any] = {}
        self._matrices: list[Any] = []
        self._overwritten: dict[int, Node] = {}
        self._in_place: tuple[Node, Node] | None = None  # a view that was changed in place, and its new content
        self.quiet = False  # whether a call that may warn was recorded where warnings are switched off
        self.is_enclosed = False  # whether it met an array that a program around this one records
        self._held: list[Any] = []  # keeps what is known by its id alive

    def release(self) -> None:
        """Forget everything: symbols and what knows them hold each other, and would wait for the garbage collector."""
        self._twins.clear()
        for known in (self._known, self._symbols, self._constants, self._values, self._held, self._matrices):
            known.clear()

    def symbol(self, node: Node) -> Any:
        """The symbol of a node: always the same one."""
        known = self._symbols.get(id(node))
        return self._fresh(node) if known is None else known

    def _fresh(self, node: Node) -> Any:
        """The symbol of a node that has none yet."""
        symbol = self._symbols[id(node)] = self._make(self, node)
        return symbol

    def input(self, name: str, example: Any) -> Any:
        """The symbol of an input; the example tells shape and dtype, and the numbers of the first call."""
        weak = type(example) is float
        node = Node(INPUT, (name,), {}, np.shape(example), np.result_type(example), weak=weak)
        self._values[id(node)] = example
        return self.symbol(node)

    def overwrite(self, symbol: Any) -> bool:
        """Note that an array has been changed in place: its old numbers have no name any more.

        False where it may not be changed, because its memory is that of an argument or of a constant.
        """
        self.forget(symbol)
        while symbol.base is not None:
            symbol = symbol.base
        if symbol.node.is_leaf or is_exposed(symbol):
            return False
        self._overwritten[id(symbol.node)] = symbol.node
        return True

    def note_in_place(self, view: Any, content: Any) -> None:
        """Note that a view has been changed in place, and what it holds now: ``y[i] += v`` writes that into y."""
        self._in_place = view.node, content.node

    def assign(self, symbol: Any, index: Any, value: Any) -> bool:
        """Let a symbol stand for the array after ``array[index] = value``; False where it may not be changed."""
        owner = symbol
        while owner.base is not None:
            owner = owner.base
        if symbol.base is not None or symbol.node.is_leaf or symbol.is_kept or is_exposed(symbol):
            return False
        if self._continues(symbol, index, value):
            self._overwritten.pop(id(symbol.node), None)  # an entry is a number of its own, and overwrites nothing
        result = self.call(assigned, (symbol, value, index), {})
        node = symbol.node
        if self._symbols.get(id(node)) is symbol:
            self.forget(symbol)
            del self._symbols[id(node)]
            self._held.append(node)
        self._overwritten[id(node)] = node
        symbol.node = result.node
        del self._symbols[id(result.node)]  # the next write changes the symbol again
        self.forget(result)
        return True

    def _continues(self, symbol: Any, index: Any, value: Any) -> bool:
        """Whether the value is what ``y[index] += v`` has just computed, by changing a view of y in place."""
        if self._in_place is None or getattr(value, "node", None) is not self._in_place[1]:
            return False
        view = self._in_place[0]
        fits = view.function is operator.getitem and view.args[0] is symbol.node
        return fits and argument_key(view.args[1]) == argument_key(self._read(index, [])[0])

    def forget(self, symbol: Any) -> None:
        """Record the calls that made an array again if they are made again: they are another array then."""
        while symbol is not None:
            for key in [key for key, known in self._known.items() if known is symbol]:
                del self._known[key]
            symbol = symbol.base

    def check_current(self, symbol: Any) -> None:
        """Raise if an array has been changed in place under another name."""
        owner = symbol
        while owner.base is not None:
            owner = owner.base
        if id(owner.node) in self._overwritten:
            found = f"is used{symbol.line} after y += x or the like has changed it under another name"
            advice = "Write y = y + x there, or copy the array first."
            raise ArgumentError("compile", f"an array of shape {symbol.shape}", found, advice)

    def constant(self, array: np.ndarray) -> Node:
        """The node of a constant: the same one for equal arrays, which inner derivatives hold as copies of one."""
        if array.nbytes <= _HASHED_BYTES:
            key: Any = (array.shape, array.dtype.str, array.tobytes())
            node = self._constants.get(key)
            return self._kept(key, np.array(array)) if node is None else node
        kept = self._capture(array)
        node = self._constants.get(id(kept))
        if node is None:
            first, order = self._twins.first(kept) or (kept, tuple(range(kept.ndim)))
            node = self._constants.get((id(first), order)) or self._kept((id(first), order), kept)
            self._constants[id(kept)] = node
            self._held.append(kept)
        return node

    def _kept(self, key: Any, array: np.ndarray) -> Node:
        node = self._constants[key] = Node(CONSTANT, (array,), {}, array.shape, array.dtype)
        self._values[id(node)] = array
        return node

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a call; returns the symbol of its result, or a list or tuple of them."""
        if function in self._special:
            if function in self._definitions:
                return self._definitions[function](*args, **kwargs)
            if function in MAKERS:
                return np.copy(self.joined(made(function, args, kwargs)))
            function, args, kwargs = spelled(function, args, kwargs)
        make = self._make
        keywords: dict[str, Any] = {}
        opened = None if kwargs or self._overwritten else opened_at_once(args, make)
        if opened is None:
            args, kwargs = chosen(function, args, kwargs)
            found, arguments, nodes = self._opened(function, args, kwargs, keywords)
        else:
            key, arguments, nodes = opened
            found = function, key
        known = self._known.get(found)
        if known is None or function in _MAKING:
            known = self._known[found] = self._recorded(function, arguments, keywords, nodes)
        elif type(known) is make:
            known.is_kept = True  # two names of the caller's may be one symbol
        return list(known) if type(known) is list else known

    def _opened(
        self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], keywords: dict[str, Any]
    ) -> tuple[Any, tuple[Any, ...], tuple[Node, ...]]:
        """What equal calls have in common, the arguments and keywords with their nodes, and these."""
        make, current = self._make, not self._overwritten
        arguments, key, operands = [], [], []
        for value in args:
            kind = type(value)
            if kind is make and current:
                operands.append(value.node)
                arguments.append(value.node)
                key.append(value.node)
            elif kind is int or kind is str:
                arguments.append(value)
                key.append((kind, value))
            else:
                argument, part = self._read(value, operands)
                arguments.append(argument)
                key.append(part)
        whole: list[Any] = [function, tuple(key)]
        for name, value in kwargs.items():
            if value is not np._NoValue:
                keywords[name], part = self._read(value, operands)
                whole += (name, part)
        return tuple(whole), tuple(arguments), tuple(operands)

    def _recorded(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], operands: tuple[Node, ...]
    ) -> Any:
        plain = type(function) is np.ufunc and not kwargs and len(args) <= function.nin
        taken = function is operator.getitem
        result = result_of_part(args[0], args[1]) if taken else None
        if result is not None:
            plain = True
        elif not plain:
            if function in STATIC:
                return answer(function, args, kwargs)
            advice = reason_against(function, args, kwargs)
            if advice is not None:
                raise self._refusal(function, args, kwargs, advice)
        if not self.quiet and function in _WARNING:
            self.quiet = np.geterr()["divide"] == "ignore"
        if result is None:
            result = result_of(function, args, kwargs, operands)
        if result is None:
            return self._by_numbers(function, args, kwargs)
        # A copy may be changed in place under its own name; it is left out when the program is written.
        same = None if plain or function in _COPYING else same_as(function, args, kwargs, result.shape, result.dtype)
        if same is not None:
            known = self.symbol(same)
            known.is_kept = True  # another name for it
            return known
        if taken:
            note_part(args[0], args[1], result)
        shape, dtype, weak, face = result
        return self._fresh(Node(function, args, kwargs, shape, dtype, weak=weak, operands=operands, face=face))

    def _refusal(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], advice: str) -> Exception:
        node = next(walk((args, tuple(kwargs.values()))))
        name = "an index of truth values or recorded bounds" if function is operator.getitem else _name(function)
        return self.symbol(node).refusal(name, advice)

    def _by_numbers(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the call on the numbers of the first call, to see what it returns."""
        self._compute(walk((args, tuple(kwargs.values()))))
        result = _run(function, args, kwargs, self._values)
        if not isinstance(result, (tuple, list)):
            return self._result(function, args, kwargs, result)
        several = Node(function, args, kwargs, (), float, parts=len(result))
        self._values[id(several)] = result
        picked = [self._result(operator.getitem, (several, n), {}, part) for n, part in enumerate(result)]
        kind: Any = type(result)
        return kind(*picked) if hasattr(result, "_fields") else kind(picked)

    def _result(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Any:
        if not isinstance(value, (np.ndarray, np.generic, int, float, complex)) or np.result_type(value).kind == "O":
            raise self._refusal(function, args, kwargs, "Its result is no array of numbers: use it on the result.")
        weak = type(value) in (int, float)  # as of count_nonzero before NumPy 2.3
        node = Node(function, args, kwargs, np.shape(value), np.result_type(value), weak=weak)
        self._values[id(node)] = value
        return self.symbol(node)

    def _compute(self, nodes: Iterator[Node]) -> None:
        for node in topological(nodes, self._values):
            if node.function is INPUT:
                self.is_enclosed = True
                advice = "Make it an argument of the compiled function."
                raise ArgumentError("compile", f"an array of shape {node.shape}", "is of another program", advice)
            self._values[id(node)] = _run(node.function, node.args, node.kwargs, self._values)
            self._held.append(node)

    def _read(self, value: Any, operands: list[Node]) -> tuple[Any, Any]:
        """An argument with symbols and arrays replaced by their nodes, which are also listed, and its key."""
        kind = type(value)
        if kind is self._make:
            if self._overwritten:
                self.check_current(value)
            operands.append(value.node)
            return value.node, value.node
        if kind is int or kind is str or kind is bool or value is None:
            return value, (kind, value)
        if kind is float:
            return value, (float, value or str(value))
        if kind is tuple or kind is list:
            kinds = {type(entry) for entry in value}
            if kinds == _INTEGER:
                return value, (kind, *value)
            if self._make not in kinds and any(issubclass(entry, np.integer) for entry in kinds):
                value = [int(entry) if isinstance(entry, np.integer) else entry for entry in value]  # a shape, or axes
            pairs = [self._read(entry, operands) for entry in value]
            return kind([pair[0] for pair in pairs]), (kind, *[pair[1] for pair in pairs])
        if kind is slice:
            if type(value.start) in _ENDS and type(value.stop) in _ENDS and type(value.step) in _ENDS:
                return value, (slice, value.start, value.stop, value.step)
            parts, key = self._read((value.start, value.stop, value.step), operands)
            return slice(*parts), (slice, key)
        if isinstance(value, (np.ndarray, np.generic)):
            if value.dtype.kind in "biufc":
                node = self.constant(np.asarray(value))
                operands.append(node)
                return node, node
            if value.dtype.kind == "O" and any([hasattr(entry, "__array_function__") for entry in value.flat]):
                return self._read(self.joined(value), operands)
        if is_sparse(value):
            value = captured_matrix(value, self._matrices)
            return value, (kind, id(value))
        if hasattr(kind, "__array_function__"):
            advice = (
                "A derivative that is taken inside of the function goes through arrays that depend on its argument."
            )
            found = "meets a recorded array that does not know it"
            raise ArgumentError("compile", f"a {kind.__name__}", found, advice)
        try:
            hash(value)
        except TypeError:
            self._held.append(value)
            return value, (kind, id(value))
        return value, (kind, value)

    def joined(self, array: Any) -> Any:
        """The symbol of an object array of symbols and numbers, or of a plain array."""
        if not isinstance(array, np.ndarray):
            return array
        if array.dtype.kind != "O":
            return self.symbol(self.constant(array))
        entries = [entry if type(entry) is self._make else np.asarray(entry) for entry in array.flat]
        return np.reshape(np.stack(entries), array.shape)


def _name(function: Any) -> str:
    name = getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module}.{name}".replace("numpy.", "np.", 1)


def _run(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], values: dict[int, Any]) -> Any:
    def value_of(node: Node) -> Any:
        return values[id(node)]

    plain = {name: replaced(argument, value_of) for name, argument in kwargs.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same call will warn when the program runs
        return function(*replaced(args, value_of), **plain)
