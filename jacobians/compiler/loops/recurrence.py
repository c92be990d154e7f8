"""Which values a step of a loop needs; which of those that it hands on decide about themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...program import Node
from ..statements import Statement
from .loop import Carried

__all__ = ["behind", "read_ones", "recurring"]


def recurring(body: Sequence[Statement], handed: Sequence[Carried]) -> set[int]:
    """The ids of what is read of the step before and depends on what it was two steps before, or any number."""
    behind: dict[int, frozenset[int]] = {id(c.inside): frozenset([id(c.inside)]) for c in handed}
    for statement in body:
        found = frozenset().union(*[behind.get(id(node), ()) for node in statement.reads])
        behind |= {id(node): found for node in statement.makes}
    before = {id(c.inside): set(behind.get(id(c.after), ())) for c in handed}
    for middle in before:  # paths through one more value
        for reached in before.values():
            if middle in reached:
                reached |= before[middle]
    return {name for name, reached in before.items() if name in reached}


def read_ones(body: Sequence[Statement], needed: Sequence[Node]) -> list[Statement]:
    """The statements that make what is needed."""
    read = {id(node) for node in needed}
    found: list[Statement] = []
    for statement in reversed(body):
        if any([id(node) in read for node in statement.makes]):
            found.append(statement)
            read |= {id(node) for node in statement.reads}
    return found[::-1]


def behind(body: Sequence[Statement], needed: set[int], after: Mapping[int, int], known: Collection[int]) -> set[int]:
    """The ids of what is needed, and of all that this is made of in this step or the ones before, but what is known.

    `after` tells what replaces a value that is handed on.
    """
    found, size = set(needed), -1
    while len(found) > size:
        size = len(found)
        for statement in reversed(body):
            if any([id(node) in found and id(node) not in known for node in statement.makes]):
                found |= {id(node) for node in statement.reads}
        found |= {after[key] for key in found & set(after)}
    return found - set(known)
