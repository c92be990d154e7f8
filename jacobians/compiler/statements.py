"""Statements: what the body of a program is a list of.

`Assign` computes one node. Passes that look at several nodes at once make statements of their own; each one tells which
nodes it reads and which it makes, and writes its lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..arrays import assigned
from ..program import Node
from .namespace import Namespace
from .printing import call_text, index_text, literal
from .single import Single

__all__ = ["Assign", "Statement"]


class Statement(Protocol):
    """A step of a program."""

    @property
    def reads(self) -> tuple[Node, ...]:
        """The nodes that must have been computed before."""
        ...

    @property
    def makes(self) -> tuple[Node, ...]:
        """The nodes that later steps may read; each needs a name."""
        ...

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        """The text, without indentation."""
        ...


class Assign(Single):
    """``name = call``.

    Parameters
    ----------
    node : Node
    out : str or Node
        The array that the result is written into, or its text, or nothing.
    """

    __slots__ = ("out",)

    def __init__(self, node: Node, out: str | Node = "") -> None:
        self.node = node
        self.out = out

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        name: Any = names[id(self.node)]
        if self.node.function is assigned:
            array, value, index = self.node.args
            place = f"{name}[{index_text(index, names, space)}]"
            return [f"{name} = {literal(array, names, space)}.copy()", f"{place} = {literal(value, names, space)}"]
        out = names[id(self.out)] if isinstance(self.out, Node) else self.out
        return self.written(names, space, out)

    def written(self, names: Mapping[int, str], space: Namespace, out: str) -> list[str]:
        """The text with this array for the result, or with new memory."""
        return [f"{names[id(self.node)]} = {call_text(self.node, names, space, out)}"]
