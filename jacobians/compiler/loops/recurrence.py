"""Which values that a loop hands on decide about themselves, and must be made step by step."""

from __future__ import annotations

from collections.abc import Sequence

from ..statements import Statement
from .loop import Carried

__all__ = ["recurring"]


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
