"""Programs made again, call by call, with simpler calls where a rule knows one.

A `Builder` makes nodes: a call that has been made before is the same node again, a call of few constants is computed at
once, and a table from function to rule says what is simpler. `rebuilt` takes a whole program through one. A rule is a
function of the builder and of a node that may become part of the program; it returns another node of the same shape and
dtype, or None.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...arrays import embed, scatter
from ...program import CONSTANT, INPUT, Node, argument_key, infer, replaced, same_as, topological, walk

__all__ = ["FOLDED_BYTES", "Builder", "Rule", "is_number", "is_safe", "rebuilt", "revised", "rewritten", "split_scale"]

Rule = Callable[["Builder", Node], "Node | None"]

FOLDED_BYTES = 2**16
"""Results of constants up to this size are computed at once; larger ones only if they are no larger than an operand."""

_SMALL_BYTES = 4096


class Builder:
    """Makes nodes, each once.

    Parameters
    ----------
    rules : mapping of function to sequence of Rule
        They are tried in order until one returns a node.

    Attributes
    ----------
    pairs : dict
        The contractions of two arrays that were made, whatever the order of their axes.
    turned : dict
        By id, constants that are others with their axes in this order.
    placed : dict
        By id, a sum as a plain array plus or minus one of diagonals and scattered arrays, if it has any.
    """

    def __init__(self, rules: Mapping[Any, Sequence[Rule]]) -> None:
        self._rules = rules
        self.pairs: dict[Any, Node] = {}
        self.turned: dict[int, tuple[Node, tuple[int, ...]]] = {}
        self.placed: dict[int, tuple[Node | None, Node, float]] = {}
        self._known: dict[Any, Node] = {}
        self._rank: dict[int, int] = {}
        self._held: list[Node] = []  # ids stay unique while a node is alive
        self._serial: int | None = None
        self._filling: dict[int, Any] = {}

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Node:
        """The node of a call whose shape and dtype follow from those of its arguments."""
        return self.made(function, args, kwargs, None, None)

    def reshaped(self, a: Node, shape: tuple[int, ...]) -> Node:
        """An array with another shape, or itself."""
        return a if a.shape == shape else self.made(np.reshape, (a, shape), {}, shape, a.dtype)

    def transposed(self, a: Node, axes: tuple[int, ...]) -> Node:
        """An array with its axes in another order, or itself."""
        if axes == tuple(range(len(axes))):
            return a
        return self.made(np.transpose, (a, axes), {}, tuple([a.shape[n] for n in axes]), a.dtype)

    def spread(self, a: Node, shape: tuple[int, ...]) -> Node:
        """An array broadcast to a shape, or itself."""
        return a if a.shape == shape else self.made(np.broadcast_to, (a, shape), {}, shape, a.dtype)

    def made(
        self,
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        shape: Any,
        dtype: Any,
        operands: tuple[Node, ...] | None = None,
    ) -> Node:
        """The node of a call; its shape and dtype are inferred where they are None."""
        key = _key(function, args, kwargs)
        known = self._known.get(key)
        if known is None:
            if shape is None:
                found = infer(function, args, kwargs)
                if found is None:
                    raise TypeError(f"the shape of a call of {function} cannot be told")
                shape, dtype = found
            if operands is None:
                operands = args if len(key) == 2 and key[1] is args else _operands(args, kwargs)
            node = Node(function, args, kwargs, shape, dtype, serial=self._serial, operands=operands)
            node.key = key
            known = self._known[key] = self._simple(node)
        return known

    def known(self, function: Any, *args: Any) -> Node | None:
        """The node of a call, if it has been made before."""
        return self._known.get(_key(function, args, {}))

    def kept(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Any, dtype: Any) -> Node:
        """The node of a call that is as simple as it can be."""
        key = _key(function, args, kwargs)
        if key not in self._known:
            operands = _operands(args, kwargs)
            node = Node(function, args, kwargs, shape, dtype, serial=self._serial, operands=operands)
            self._known[key] = self._ranked(node)
        return self._known[key]

    def take_place(self, node: Node) -> None:
        """Nodes that are made from now on stand for this one, and have its place in the order of recording."""
        self._serial = node.serial

    def remade(self, node: Node, new: Mapping[int, Node]) -> Node:
        """A node with the nodes of another program as operands."""
        operands = node.operands
        if not operands and node.is_leaf:
            if node.function is CONSTANT and not node.weak and node.parts is None:
                return self._known.setdefault(_constant_key(node.args[0]), self._ranked(node))
            return self._ranked(node)
        self._serial = node.serial
        found = tuple(map(new.__getitem__, map(id, operands)))
        same = found == operands
        if same and id(node) in self._rank:
            return node
        parts = node.parts is not None or node.weak
        if not parts:
            for operand in found:
                if operand.parts is not None:
                    parts = True
                    break
        if same:
            return self._ranked(node) if parts else self._same(node)
        args = node.args
        for a in args:
            if type(a) is not Node:
                args = [new[id(a)] if type(a) is Node else a if type(a) in _PLAIN else _replaced(a, new) for a in args]
                args = tuple(args)
                break
        else:
            args = found[: len(args)]  # those of keywords come behind
        kwargs = {name: _replaced(value, new) for name, value in node.kwargs.items()} if node.kwargs else {}
        if not parts:
            return self.made(node.function, args, kwargs, node.shape, node.dtype, found)
        # One of several results, or the call that has them, or a Python number: never simplified.
        key = (*_key(node.function, args, kwargs), "parts")
        known = self._known.get(key)
        if known is None:
            about = {"weak": node.weak, "parts": node.parts, "serial": node.serial}
            known = Node(node.function, args, kwargs, node.shape, node.dtype, **about)
            self._known[key] = self._ranked(known)
        return known

    def _same(self, node: Node) -> Node:
        """A node of another program whose operands are as they were."""
        key = node.key
        if key is None:
            key = node.key = _key(node.function, node.args, node.kwargs)
        known = self._known.get(key)
        if known is None:
            simple = self._simple if node.function in self._rules else self._ranked
            known = self._known[key] = simple(node)
        return known

    def constant(self, array: np.ndarray) -> Node:
        """The node of a constant: the same one for equal small arrays."""
        key = _constant_key(array)
        if key not in self._known:
            self._known[key] = self._ranked(Node(CONSTANT, (array,), {}, array.shape, array.dtype))
        return self._known[key]

    def filling(self, constant: Node) -> Any:
        """The number of which all entries of a constant consist, or None."""
        if id(constant) not in self._filling:
            array = self._ranked(constant).args[0]
            first = array.flat[0] if array.size and array.dtype.kind in "iufc" else None
            self._filling[id(constant)] = first if first is not None and bool(np.all(array == first)) else None
        return self._filling[id(constant)]

    def rank(self, node: Node) -> tuple[int, int]:
        """Orders nodes by when they were recorded, so that a product has one order of its operands, in each step."""
        return node.serial, self._rank[id(self._ranked(node))]

    def scaled(self, scale: float, node: Node) -> Node:
        """A number times an array; numbers of several products become one."""
        if scale == 1:
            return node
        inner, base = split_scale(node)
        product = scale * inner
        if base is not node and not is_safe(product):
            product, base = scale, node
        return base if product == 1 else self.call(np.multiply, product, base)

    def _ranked(self, node: Node) -> Node:
        rank = self._rank
        if id(node) not in rank:
            rank[id(node)] = len(rank)
            self._held.append(node)
        return node

    def _turned(self, node: Node, found: Node) -> Node:
        """The constant that a call makes; of the transposed of another it is noted, once and in one direction."""
        if node.function is np.transpose:
            base, order = node.args
            if base is not found and id(base) not in self.turned:
                self.turned.setdefault(id(found), (base, order))
        return found

    def _simple(self, node: Node) -> Node:
        function, shape, dtype = node.function, node.shape, node.dtype
        folds = True
        plain = not node.kwargs
        for operand in node.operands:
            if operand.function is not CONSTANT:
                folds = False
            elif operand.dtype.kind == "i":
                plain = False
        if plain:
            same = same_as(function, node.args, node.kwargs, shape, dtype)
            if same is not None:
                return same
        for rule in self._rules.get(function, ()):
            found = rule(self, node)
            if found is not None and found.shape == shape and found.dtype == dtype and not found.weak:
                return found
        if folds:
            folded = _folded(node)
            if folded is not None:
                return self._turned(node, self.constant(folded))
        rank = self._rank
        if id(node) not in rank:
            rank[id(node)] = len(rank)
            self._held.append(node)
        return node


def _constant_key(array: np.ndarray) -> tuple[Any, ...]:
    return CONSTANT, array.shape, array.dtype.str, array.tobytes() if array.nbytes <= _SMALL_BYTES else id(array)


_PLAIN = {int, float, str, bool, type(None)}


def _key(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """What equal calls have in common; the function and its arguments where these are nodes alone."""
    if not kwargs:
        for a in args:
            if type(a) is not Node:
                break
        else:
            return function, args
    parts: list[Any] = [function]
    for a in args:
        kind = type(a)
        if kind is Node:
            parts.append(a)
        elif kind is int:
            parts.append((int, a))
        elif kind is float:
            parts.append((float, a.hex()))
        elif kind is tuple and function is not _GETITEM and set(map(type, a)) <= _WHOLE:
            parts.append(a)
        else:
            parts.append(argument_key(a))
    for name, a in kwargs.items():
        parts.append(name)
        parts.append(a if type(a) is tuple and set(map(type, a)) <= _WHOLE else argument_key(a))
    return tuple(parts)


_GETITEM = operator.getitem
_WHOLE = {int}


def _operands(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Node, ...]:
    found: list[Node] = []
    for a in args:
        kind = type(a)
        if kind is Node:
            found.append(a)
        elif kind not in _PLAIN and not (kind is tuple and set(map(type, a)) <= _WHOLE):
            found += walk(a)
    if kwargs:
        found += walk(tuple(kwargs.values()))
    return tuple(found)


def _replaced(value: Any, new: Mapping[int, Node]) -> Any:
    if type(value) is tuple and set(map(type, value)) <= _WHOLE:
        return value
    return replaced(value, lambda operand: new[id(operand)])


def rebuilt(outputs: Iterable[Node], builder: Builder) -> list[Node]:
    """The outputs of a program that has been through a builder."""
    outputs = list(outputs)
    new: dict[int, Node] = {}
    for node in topological(outputs):
        new[id(node)] = builder.remade(node, new)
    return [new[id(node)] for node in outputs]


def rewritten(
    outputs: Sequence[Node],
    nodes: Iterable[Node],
    builder: Builder,
    change: Callable[[Node, dict[int, Node]], Node | None],
) -> list[Node]:
    """The outputs of a program in which some nodes are made in another way.

    Parameters
    ----------
    outputs : sequence of Node
    nodes : iterable of Node
        All that they need, operands first.
    builder : Builder
    change : callable
        What stands for a node, made of new nodes, which are found by the ids of those that they stand for; None where
        it is made as before.
    """
    new: dict[int, Node] = {}
    for node in nodes:
        builder.take_place(node)
        found = change(node, new)
        new[id(node)] = builder.remade(node, new) if found is None else found
    return [new[id(node)] for node in outputs]


def revised(
    outputs: Sequence[Node], nodes: Iterable[Node], builder: Builder, change: Callable[[Node, Node], Node]
) -> list[Node]:
    """The same, where what stands for a node depends on the node and on what it is once its operands are new ones."""
    new: dict[int, Node] = {}
    for node in nodes:
        again = builder.remade(node, new)
        builder.take_place(node)
        new[id(node)] = change(node, again)
    return [new[id(node)] for node in outputs]


def is_number(value: Any) -> bool:
    """Whether it is a Python number, which does not decide the dtype of a result."""
    return type(value) is float or type(value) is int


def is_safe(scale: float) -> bool:
    """Whether numbers may be multiplied into this one: neither too large nor too small for any float dtype."""
    return 1e-30 < abs(scale) < 1e30


def split_scale(node: Node) -> tuple[float, Node]:
    """The number and the array of which a node is the product; 1 and the node itself if it is none."""
    if node.function is not _MULTIPLY or len(node.operands) != 1 or node.kwargs:
        return 1, node
    number, base = node.args
    if type(number) is Node:
        number, base = base, number
    if is_number(number) and isinstance(base, Node) and not base.weak and base.dtype.kind in "fc":
        return (number, base) if is_safe(number) else (1, node)
    return 1, node


_MULTIPLY = np.multiply


_UNFOLDED = {embed, scatter, np.broadcast_to, INPUT, CONSTANT}
"""Small arrays and what becomes of them: to be made by each call, not stored."""


def _folded(node: Node) -> np.ndarray | None:
    """The result of a call whose operands are constants, if it is small."""
    if node.function in _UNFOLDED or not node.operands or node.dtype.kind not in "biufc":
        return None
    if node.nbytes > max(FOLDED_BYTES, *[operand.nbytes for operand in node.operands]):
        return None
    function, args = node.function, replaced(node.args, lambda operand: operand.args[0])
    kwargs = {name: replaced(value, lambda operand: operand.args[0]) for name, value in node.kwargs.items()}
    with np.errstate(all="ignore"):
        result = np.asarray(function(*args, **kwargs))
    if result.shape != node.shape or result.dtype != node.dtype:
        return None
    symmetric = result.ndim == 2 and result.shape[0] == result.shape[1] and np.array_equal(result, result.T)
    return np.array(result, order="C" if symmetric else "K")  # a symmetric matrix is the transpose of none
