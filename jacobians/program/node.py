"""`Node`: one call of a straight line of NumPy calls, as data.

A node names a function and its arguments; arguments that are arrays are nodes themselves, inside lists, tuples and
indices too. An input and a constant are nodes without arguments that are nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

import numpy as np

__all__ = ["CONSTANT", "INPUT", "Node", "face_of", "replaced", "topological", "uses_of", "walk", "with_operands"]

INPUT = "input"
CONSTANT = "constant"
_SERIAL = count()
_NUMBER = count()
_FACES: dict[tuple[Any, ...], int] = {}


class Node:
    """One call, an input, or a constant.

    Attributes
    ----------
    function : callable, `INPUT` or `CONSTANT`
        Of an einsum the arguments are ``(operand, labels, operand, labels, ..., labels)`` with tuples of int as labels.
    args : tuple
        Nodes, numbers, slices, and nests of them. An input has its name and a constant its array instead.
    kwargs : dict
    shape : tuple of int
    dtype : dtype
    weak : bool
        Whether the value is a Python number, which does not decide the dtype of a result.
    parts : int or None
        How many results a function has that returns several; ``getitem`` with a number picks one.
    operands : tuple of Node
        The nodes in its arguments, in order, with repetitions.
    face : int
        Equal for nodes of the same shape, dtype, `weak` and `parts`, and for no others.
    key : tuple or None
        What equal calls have in common, where that has been found out.
    serial : int
        Nodes in the order in which they were recorded follow the program that made them. A node that takes the place
        of others has the serial number of one of them.
    """

    __slots__ = (
        *("__weakref__", "args", "dtype", "face", "function", "key", "kwargs", "operands", "parts", "serial", "shape"),
        "weak",
    )

    def __init__(
        self,
        function: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        shape: tuple[int, ...],
        dtype: Any,
        *,
        weak: bool = False,
        parts: int | None = None,
        serial: int | None = None,
        operands: tuple[Node, ...] | None = None,
        face: int | None = None,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = dict(kwargs) if kwargs else {}
        self.shape = shape
        self.dtype = dtype if isinstance(dtype, np.dtype) else np.dtype(dtype)
        self.weak = weak
        self.parts = parts
        self.key: tuple[Any, ...] | None = None
        self.serial = next(_SERIAL) if serial is None else serial
        if operands is None:
            operands = () if function is CONSTANT else tuple(walk((args, tuple(kwargs.values()))))
        self.operands: tuple[Node, ...] = operands
        self.face = face_of(self.shape, self.dtype, weak, parts) if face is None else face

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def is_leaf(self) -> bool:
        """Whether it is an input or a constant."""
        return self.function is INPUT or self.function is CONSTANT

    @property
    def is_elementwise(self) -> bool:
        """Whether it is one result of a ufunc, each entry of which depends on the same entry of the operands."""
        function = self.function
        return isinstance(function, np.ufunc) and function.signature is None and function.nout == 1

    def __repr__(self) -> str:
        name = self.function if isinstance(self.function, str) else getattr(self.function, "__name__", self.function)
        return f"Node({name}, {self.shape}, {self.dtype})"


def face_of(shape: tuple[int, ...], dtype: np.dtype, weak: bool = False, parts: int | None = None) -> int:
    """The face of nodes of a kind."""
    about = shape, dtype, weak, parts
    face = _FACES.get(about)
    return _FACES.setdefault(about, next(_NUMBER)) if face is None else face


def walk(value: Any) -> Iterator[Node]:
    """The nodes in an argument, in order, with repetitions."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, (tuple, list)):
        for entry in value:
            yield from walk(entry)
    elif isinstance(value, slice):
        yield from walk((value.start, value.stop, value.step))


def replaced(value: Any, change: Callable[[Node], Any]) -> Any:
    """An argument with every node in it changed."""
    if isinstance(value, Node):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)([replaced(entry, change) for entry in value])
    if isinstance(value, slice):
        return slice(replaced(value.start, change), replaced(value.stop, change), replaced(value.step, change))
    return value


def with_operands(node: Node, change: Callable[[Node], Node]) -> Node:
    """The call with other operands."""
    args = replaced(node.args, change)
    kwargs = {name: replaced(value, change) for name, value in node.kwargs.items()}
    about = {"weak": node.weak, "parts": node.parts, "serial": node.serial}
    return Node(node.function, args, kwargs, node.shape, node.dtype, **about)


def topological(outputs: Iterable[Node], known: Container[int] = ()) -> list[Node]:
    """Everything that the outputs need, operands first; what nothing needs is left out.

    Nodes whose ids are `known`, and what only they need, are left out, too.
    """
    order: list[Node] = []
    done: set[Node] = set()
    stack = list(outputs)[::-1]
    while stack:
        node = stack.pop()
        if node in done:
            continue
        if known and id(node) in known:
            done.add(node)
            continue
        operands = node.operands
        if done.issuperset(operands):
            order.append(node)
            done.add(node)
        else:
            stack.append(node)
            stack += operands[::-1]
    return order


def uses_of(nodes: Iterable[Node], outputs: Iterable[Node]) -> Counter[Node]:
    """How many times each node is read, by others or as an output."""
    return Counter(chain.from_iterable([*[node.operands for node in nodes], outputs]))
