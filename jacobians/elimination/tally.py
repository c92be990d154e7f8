"""How terms of some patterns are summed, written down once and repeated for other terms of these patterns.

Which terms are added, and how, depends on their patterns and on which of their arrays are the same one. A `Tally` notes
each sum of two terms while it is made; what it has noted is a `Tallied`, which makes the same sums of other terms.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..terms import Term

__all__ = ["FEW", "Tallied", "Tally", "key_of"]

FEW = 8
"""Terms of a sum that is repeated; more are rarely the same."""

Sum = Callable[[Term, Term], Term]


class Tallied(NamedTuple):
    """The sums of two terms each, by their places: what was given comes first, then each sum in turn.

    Attributes
    ----------
    sums : tuple of (int, int, callable)
    results : tuple of int
    dense : object or None
        What makes the results one dense term, as ``dense.of(terms, dtype)``.
    """

    sums: tuple[tuple[int, int, Sum], ...]
    results: tuple[int, ...]
    dense: Any

    def of(self, terms: Sequence[Term], dtype: np.dtype) -> list[Term] | None:
        """The sums of other terms; None where one of them is zero that would be part of a dense one."""
        made = [*terms]
        for first, second, add in self.sums:
            made.append(add(made[first], made[second]))
        found = [made[place] for place in self.results]
        for term in found:
            if term.scale == 0:
                return None if self.dense is not None else [term for term in found if term.scale != 0]
        return found if self.dense is None else [self.dense.of(found, dtype)]


class Tally:
    """Notes the sums that are made of some terms."""

    __slots__ = ("_sums", "_terms", "dense")

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = [*terms]
        self._sums: list[tuple[int, int, Sum]] = []
        self.dense: tuple[Any, Sequence[Term]] | None = None

    def note(self, first: Term, second: Term, total: Term, add: Sum) -> None:
        """The sum of two terms, and a function that makes it of others."""
        self._sums.append((self._place(first), self._place(second), add))
        self._terms.append(total)

    def _place(self, term: Term) -> int:
        return next((n for n, known in enumerate(self._terms) if known is term), -1)

    def found(self, results: Sequence[Term]) -> Tallied | None:
        """What has been noted; None where results were made in other ways, or sums came to nothing.

        Those would be left out when the others are repeated, and what a sum costs must not depend on whether there was
        one like it before: plans are compared by it.
        """
        dense, results = (None, results) if self.dense is None else self.dense
        places = [self._place(term) for term in results]
        used = {*places}.union(*[(first, second) for first, second, _ in self._sums])
        made = range(len(self._terms) - len(self._sums), len(self._terms))
        if -1 in used or not used.issuperset(made) or any([term.scale == 0 for term in self._terms]):
            return None
        return Tallied(tuple(self._sums), tuple(places), dense)


def key_of(terms: Sequence[Term]) -> Hashable:
    """The patterns of some terms, and which of their arrays are the same one."""
    if len(terms) == 2:
        a, b = terms
        if len(a.arrays) == len(b.arrays) == 1:  # the usual case, at once
            return a._pattern, b._pattern, a.arrays[0] is b.arrays[0]
    seen: dict[int, int] = {}
    parts: list[Any] = []
    for term in terms:
        parts.append(term._pattern)
        for array in term.arrays:
            parts.append(seen.setdefault(id(array), len(seen)))
    return tuple(parts)
