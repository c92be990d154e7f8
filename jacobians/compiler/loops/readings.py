"""`Readings`: who reads what, as numbers, so that a long program is looked at by whole arrays and not call by call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

import numpy as np

from ...program import Node
from ..statements import Assign, Statement

__all__ = ["Readings", "reads_of"]


def reads_of(statements: Iterable[Statement]) -> list[Sequence[Node]]:
    """What each statement reads."""
    return [statement.node.operands if type(statement) is Assign else statement.reads for statement in statements]


class Readings:
    """What each of a list of statements reads.

    Attributes
    ----------
    codes : array of int
        One statement after the other, the position of the statement that makes what is read, or -1.
    users : array of int
        The positions of those that read it.
    offsets : array of int
        Where the codes of each statement begin.
    made : dict of Node to int
        The position of what makes a node.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        reads = reads_of(statements)
        self.made: dict[Node, int] = {node: n for n, statement in enumerate(statements) for node in statement.makes}
        lengths = np.fromiter(map(len, reads), np.int64, len(reads))
        self.offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        found = map(self.made.get, chain.from_iterable(reads), repeat(-1))
        self.codes = np.fromiter(found, np.int64, int(self.offsets[-1]))
        self.users = np.repeat(np.arange(len(reads)), lengths)
        self._listed: list[int] = self.codes.tolist()
        self._bounds: list[int] = self.offsets.tolist()

    def counts(self, outputs: Iterable[Node]) -> np.ndarray:
        """How often the result of each statement is read, outputs once more for each time that they are listed."""
        size = len(self.offsets) - 1
        more = [self.made[node] for node in outputs if node in self.made]
        return np.bincount(np.concatenate([self.codes[self.codes >= 0], np.array(more, np.int64)]), minlength=size)

    def of(self, number: int) -> list[int]:
        """The codes of one statement."""
        return self._listed[self._bounds[number] : self._bounds[number + 1]]
