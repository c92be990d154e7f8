"""What an order of elimination would cost, and the automatic choice.

`predict` runs the elimination on shadows, so the numbers are those of the computation itself. `choose` compares the
orders forward and reverse: the fewest multiplications among those whose largest intermediate stays below inputs,
outputs and result together, else the smallest largest intermediate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import NamedTuple

from ..errors import format_bytes
from ..graph import LinearGraph
from ..terms import Factor, Term
from .elimination import eliminate, inner_vertices
from .shadows import Ledger, shadow_term

__all__ = ["Plan", "choose", "held_bytes", "named_order", "predict"]


class Plan(NamedTuple):
    """An order of elimination with its predicted costs.

    Attributes
    ----------
    name : str
        ``"forward"``, ``"reverse"`` or ``"given"``.
    order : tuple of int
        Inner vertices of the graph, first eliminated first.
    multiplications : int
        Scalar multiplications; ones, signs, additions and maps are free.
    nbytes : int
        Bytes that the resulting terms hold.
    largest_intermediate : int
        Bytes of the largest array on the way that is no part of the result.
    bounded : bool
        Whether no intermediate is larger than inputs, output and result together.
    """

    name: str
    order: tuple[int, ...]
    multiplications: int
    nbytes: int
    largest_intermediate: int
    bounded: bool = True

    def __str__(self) -> str:
        vertices = ", ".join(map(str, self.order[:12])) + (", ..." if len(self.order) > 12 else "")
        note = "" if self.bounded else " (larger than inputs, output and result together; the smallest found)"
        return (
            f"order: {self.name}, {len(self.order)} inner vertices ({vertices})\n"
            f"multiplications: {self.multiplications:,}\n"
            f"held: {format_bytes(self.nbytes)}\n"
            f"largest intermediate: {format_bytes(self.largest_intermediate)}{note}"
        )


def named_order(name: str, inner: Sequence[int]) -> tuple[int, ...]:
    """The inner vertices in forward or reverse order."""
    return tuple(sorted(inner, reverse=name == "reverse"))


def predict(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    order: Sequence[int],
    joints: Collection[int] = (),
    name: str = "given",
) -> Plan:
    """The costs of an order, without touching a number."""
    ledger = Ledger()
    shadow = LinearGraph()
    for shape, dtype in zip(graph.shapes, graph.dtypes, strict=True):
        shadow.add_vertex(shape, dtype)
    for target, edges in enumerate(graph.into):
        for source, terms in edges.items():
            for term in terms:
                shadow.add_term(source, target, shadow_term(term, ledger))
    result = eliminate(shadow, inputs, output, order, joints)
    terms = [term for parts in result.values() for term in parts]
    held = held_bytes(terms)
    largest = ledger.largest_intermediate(f.array for term in terms for f in term.factors if isinstance(f, Factor))
    ends = sum(prod(graph.shapes[v]) * graph.dtypes[v].itemsize for v in (*inputs, output))
    return Plan(name, tuple(order), ledger.multiplications, held, largest, largest <= ends + held)


def choose(graph: LinearGraph, inputs: Sequence[int], output: int, joints: Collection[int] = ()) -> Plan:
    """The best of reverse and forward order by predicted cost."""
    inner = [vertex for vertex in inner_vertices(graph, inputs, output) if vertex not in joints]
    last = tuple(sorted(joints))
    plans = [
        predict(graph, inputs, output, named_order(name, inner) + last, joints, name)
        for name in (("reverse", "forward") if len(inner) > 1 else ("reverse",))
    ]
    fitting = [plan for plan in plans if plan.bounded]
    if fitting:
        return min(fitting, key=lambda plan: plan.multiplications)
    return min(plans, key=lambda plan: plan.largest_intermediate)


def held_bytes(terms: Sequence[Term]) -> int:
    """Bytes of the numbers and index arrays that terms hold, each array counted once."""
    seen: dict[int, int] = {}
    for term in terms:
        for factor in term.factors:
            held = factor.array if isinstance(factor, Factor) else factor.operation
            seen[id(held)] = factor.nbytes
        for relation in term.maps:
            seen[id(relation.index)] = relation.nbytes
    return sum(seen.values())
