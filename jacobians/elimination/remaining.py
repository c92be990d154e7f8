"""What is left of a graph of kinds while its vertices are eliminated one after the other.

`Remaining` prices an order as it goes along: each step looks at the neighbours of one vertex alone, so that programs of
any length are priced in a time that grows with their edges. `Prices` instead answer for any set of eliminated vertices.
"""

from __future__ import annotations

from collections.abc import Mapping

from .kinds import NOTHING, Kinds

__all__ = ["Edges", "Remaining"]

Edges = dict[int, int]
"""The kinds of the edges of a vertex, by the vertex at their other end."""


class Remaining:
    """The edges that are left.

    Parameters
    ----------
    kinds : Kinds
        The rule of counting.
    into, out_of : mapping of int to dict of int to int
        The kinds of the edges into and out of each vertex; they are copied.
    """

    def __init__(self, kinds: Kinds, into: Mapping[int, Edges], out_of: Mapping[int, Edges]) -> None:
        self.kinds = kinds
        vertices = {*into, *out_of}
        self.into = {vertex: dict(into.get(vertex, ())) for vertex in vertices}
        self.out_of = {vertex: dict(out_of.get(vertex, ())) for vertex in vertices}

    def cost(self, vertex: int) -> int:
        """What the products of eliminating a vertex cost now."""
        return self.kinds.cost(self.into[vertex].values(), self.out_of[vertex].values())

    def degree(self, vertex: int) -> int:
        """Edges in times edges out."""
        return len(self.into[vertex]) * len(self.out_of[vertex])

    def growth(self, vertex: int) -> int:
        """By how many stored numbers the graph grows when a vertex is eliminated."""
        held, product, add = self.kinds.held, self.kinds.product, self.kinds.sum
        arriving, leaving = self.into[vertex], self.out_of[vertex]
        total = -sum([held[kind] for kind in arriving.values()]) - sum([held[kind] for kind in leaving.values()])
        for source, inner in arriving.items():
            beside = self.out_of[source]
            for target, outer in leaving.items():
                made = product(outer, inner)[0]
                if made == NOTHING:
                    continue
                old = beside.get(target)
                total += held[made] if old is None else held[add(made, old)[0]] - held[old]
        return total

    def take(self, vertex: int) -> int:
        """Eliminate a vertex; returns what that costs, the new edges added to those beside them."""
        product, add = self.kinds.product, self.kinds.sum
        arriving, leaving = self.into.pop(vertex, {}), self.out_of.pop(vertex, {})
        cost = self.kinds.cost(arriving.values(), leaving.values())
        for target in leaving:
            del self.into[target][vertex]
        for source, inner in arriving.items():
            beside = self.out_of[source]
            del beside[vertex]
            for target, outer in leaving.items():
                made = product(outer, inner)[0]
                if made != NOTHING:
                    old = beside.get(target)
                    if old is not None:
                        made, added = add(made, old)
                        cost += added
                    beside[target] = self.into[target][source] = made
        return cost

    def touched(self, vertex: int) -> set[int]:
        """The vertices whose cost, degree or growth can change when one is eliminated.

        Its neighbours, since their edges do, and what else its sources lead to: the new edges may lie beside those that
        eliminating it would add.
        """
        touched = {*self.out_of[vertex], *self.into[vertex]}
        for source in self.into[vertex]:
            touched.update(self.out_of[source])
        return touched
