"""What a statement is made of: a form that repeated steps have in common, and slots that they fill in different ways.

Slots are the arrays that a statement reads, the positions in an index, and Python numbers; shapes, dtypes, axes and
the labels of an einsum belong to the form.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from ...program import Node, with_operands
from ..assembling import Addend, Assemble
from ..statements import Assign, Statement
from .order import Accumulate, Zeros, array_like

__all__ = ["Forms", "changed", "filled", "indexes", "opened"]


def opened(statement: Statement) -> tuple[Hashable, list[Any]] | None:
    """The form of a statement and what fills its slots; None for a kind of statement that is not known here."""
    slots: list[Any] = []
    if isinstance(statement, Assign) and not statement.out:
        node = statement.node
        about = (node.function, node.shape, node.dtype, node.weak, node.parts)
        if _has_labels(node):
            operands = tuple([_form(operand, slots, False) for operand in node.args[:-1:2]])
            return (about, operands, _relabelled((*node.args[1:-1:2], node.args[-1])), _kwargs(node, slots)), slots
        free = node.function is operator.getitem or isinstance(node.function, np.ufunc)
        return (about, _form(node.args, slots, free), _kwargs(node, slots)), slots
    if isinstance(statement, Zeros):
        return (Zeros, statement.node.shape, statement.node.dtype), slots
    if isinstance(statement, Accumulate):
        before = _form(statement.before, slots, False)
        return (Accumulate, before, _form(tuple(statement.addend), slots, False)), slots
    if isinstance(statement, Assemble):
        addends = tuple([_form(tuple(addend), slots, False) for addend in statement.addends])
        return (Assemble, statement.node.shape, statement.node.dtype, addends), slots
    return None


class Forms:
    """Numbers that are equal for statements of the same form."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, statement: Statement) -> tuple[int, Sequence[Any] | None]:
        """The number of a form and what fills its slots; None for a statement without slots, like no other."""
        numbers = self._numbers
        form: Hashable = None
        slots: Sequence[Any] | None = None
        if type(statement) is Assign and not statement.out:
            form, slots = self._call(statement.node)
        if form is None:
            form, slots = opened(statement) or (id(statement), None)
        return numbers.setdefault(form, len(numbers)), slots

    @staticmethod
    def _call(node: Node) -> tuple[Hashable, Sequence[Any]]:
        """The form of a call without keywords, and what fills its slots; None for others."""
        slots: list[Any] = []
        function = node.function
        if node.kwargs or (function is np.einsum and _has_labels(node)):
            return None, slots
        if len(node.args) == 2:
            a, b = node.args
            if type(a) is type(b) is Node:  # most calls
                return (function, node.face, a.face, b.face), node.args
        free = function is operator.getitem or isinstance(function, np.ufunc)
        form: list[Hashable] = [function, node.face]
        for argument in node.args:
            if type(argument) is Node:
                slots.append(argument)
                form.append(argument.face)
            else:
                form.append(_form(argument, slots, free))
        return tuple(form), slots


def filled(statement: Statement, slots: Iterator[Any]) -> Statement:
    """The same form with other slots; what it makes is a new node."""
    if isinstance(statement, Assign):
        node = statement.node
        if _has_labels(node):
            args = list(node.args)
            args[:-1:2] = [_refilled(operand, slots, False) for operand in args[:-1:2]]
        else:
            free = node.function is operator.getitem or isinstance(node.function, np.ufunc)
            args = _refilled(node.args, slots, free)
        kwargs = {name: _refilled(value, slots, False) for name, value in node.kwargs.items()}
        return Assign(
            Node(node.function, tuple(args), kwargs, node.shape, node.dtype, weak=node.weak, parts=node.parts)
        )
    if isinstance(statement, Zeros):
        return Zeros(array_like(statement.node))
    if isinstance(statement, Accumulate):
        before = next(slots)
        addend = Addend(*_refilled(tuple(statement.addend), slots, False))
        return Accumulate(array_like(statement.node), before, addend, statement.view)
    if isinstance(statement, Assemble):
        addends = [Addend(*_refilled(tuple(addend), slots, False)) for addend in statement.addends]
        return Assemble(array_like(statement.node), addends)
    raise TypeError(f"a statement of type {type(statement).__name__} has no slots")


def changed(statement: Statement, change: Callable[[Node], Node]) -> Statement:
    """The same statement with other nodes; itself where it reads none of those that change."""
    if all([change(node) is node for node in statement.reads]):
        return statement
    if type(statement) is Assign and not statement.out:
        return Assign(with_operands(statement.node, change))
    form = opened(statement)
    if form is None:
        raise TypeError(f"a statement of type {type(statement).__name__} has no slots")
    return filled(statement, iter([change(value) if isinstance(value, Node) else value for value in form[1]]))


def _has_labels(node: Node) -> bool:
    return node.function is np.einsum and not isinstance(node.args[0], str)


def _kwargs(node: Node, slots: list[Any]) -> Hashable:
    return tuple([(name, _form(value, slots, False)) for name, value in node.kwargs.items()]) if node.kwargs else ()


def _form(value: Any, slots: list[Any], free: bool) -> Hashable:
    """An argument without what fills its slots; `free` says whether whole numbers are slots too."""
    kind = type(value)
    if kind is Node:
        slots.append(value)
        return (value.shape, value.dtype, value.weak, value.parts)
    if kind is float or (free and kind is int):
        slots.append(value)
        return kind
    if kind is tuple or kind is list:
        return (kind, *[_form(entry, slots, free) for entry in value])
    if kind is slice:
        return (slice, *[_form(entry, slots, free) for entry in (value.start, value.stop, value.step)])
    try:
        hash(value)
    except TypeError:
        return (kind, id(value))
    return (kind, value)


def _refilled(value: Any, slots: Iterator[Any], free: bool) -> Any:
    kind = type(value)
    if kind is Node or kind is float or (free and kind is int):
        return next(slots)
    if kind is tuple or kind is list:
        return kind([_refilled(entry, slots, free) for entry in value])
    if kind is slice:
        return slice(*[_refilled(entry, slots, free) for entry in (value.start, value.stop, value.step)])
    return value


def _relabelled(groups: tuple[tuple[int, ...], ...]) -> Hashable:
    """The labels of an einsum, numbered as they appear."""
    numbers: dict[int, int] = {}
    return tuple([tuple([numbers.setdefault(label, len(numbers)) for label in group]) for group in groups])


def indexes(statement: Statement) -> bool:
    """Whether whole numbers among its slots stand in an index."""
    return isinstance(statement, Assign) and statement.node.function is operator.getitem
