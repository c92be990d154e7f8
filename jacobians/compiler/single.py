"""Statements that make one node, which is most kinds of them."""

from __future__ import annotations

from ..program import Node

__all__ = ["Single"]


class Single:
    """What makes one node, of its operands unless a kind says otherwise.

    Parameters
    ----------
    node : Node
    """

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def reads(self) -> tuple[Node, ...]:
        """The nodes that must have been computed before."""
        return self.node.operands

    @property
    def makes(self) -> tuple[Node, ...]:
        """The node that later steps may read."""
        return (self.node,)
