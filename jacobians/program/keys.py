"""What two equal calls have in common.

- `argument_key`: of an argument.
- `opened_at_once`: of the arguments of a call that are symbols, a number or a slice, which most are.
"""

from __future__ import annotations

from typing import Any

from .node import Node

__all__ = ["argument_key", "opened_at_once"]

_ENDS = {int, type(None)}


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


def opened_at_once(
    args: tuple[Any, ...], make: type
) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Node, ...]] | None:
    """What equal calls have in common, the arguments, and the nodes in them: of symbols, one of two maybe a number.

    None where there is anything else among the arguments, or nothing.
    """
    if len(args) == 2:
        a, b = args
        if type(a) is make:
            a = a.node
            if type(b) is make:
                nodes = a, b.node
                return nodes, nodes, nodes
            kind = type(b)
            part: Any = b
            if kind is slice and type(b.start) in _ENDS and type(b.stop) in _ENDS and type(b.step) in _ENDS:
                return (a, (slice, b.start, b.stop, b.step)), (a, b), (a,)
            if kind is float:
                part = b or str(b)
            elif kind is not int:
                return None
            return (a, (kind, part)), (a, b), (a,)
        kind = type(a)
        if type(b) is not make or (kind is not int and kind is not float):
            return None
        part = a if kind is int else a or str(a)
        return ((kind, part), b.node), (a, b.node), (b.node,)
    if len(args) == 1:
        nodes = (args[0].node,) if type(args[0]) is make else ()
    else:
        nodes = tuple([value.node for value in args]) if args and {type(value) for value in args} == {make} else ()
    return (nodes, nodes, nodes) if nodes else None
