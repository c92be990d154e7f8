"""What an order of elimination costs, as an object that prints itself, can be saved, and reused.

`predict` runs the elimination on shadows, so the numbers are those of the computation itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from hashlib import blake2b
from math import inf, prod
from typing import NamedTuple

from ..errors import format_bytes
from ..graph import LinearGraph
from ..terms import Factor, Term
from .elimination import eliminate
from .living import inner_vertices
from .shadows import Ledger, TooDear, shadow_term

__all__ = ["Forecast", "Plan", "digest_of", "held_bytes", "named_order", "predict"]


class Plan(NamedTuple):
    """An order of elimination with its predicted costs.

    Attributes
    ----------
    name : str
        What the order was asked for, or chosen as: ``"forward"``, ``"reverse"``, ``"search"``, ..., or ``"given"``.
    order : tuple of int
        Inner vertices of the graph, first eliminated first.
    multiplications : int
        Scalar multiplications that the engine runs; ones, signs, additions and maps are free.
    nbytes : int
        Bytes that the resulting terms hold.
    largest_intermediate : int
        Bytes of the largest array on the way that is no part of the result.
    bounded : bool
        Whether no intermediate is larger than inputs, output and result together.
    seconds : float
        What NumPy's calls would take on an ordinary machine: a prediction by size, good for comparing orders.
    edge_multiplications : int or None
        Scalar multiplications by the rule under which orders are published: for each pair of edges through an
        eliminated vertex the sizes of all labels that the values of either carry, ones and constants included.
    lower_bound : int or None
        No order has fewer `edge_multiplications`.
    graph : str
        A digest of the vertices and edges that the order is for; empty where it was not asked for.
    """

    name: str
    order: tuple[int, ...]
    multiplications: int
    nbytes: int
    largest_intermediate: int
    bounded: bool = True
    seconds: float = 0.0
    edge_multiplications: int | None = None
    lower_bound: int | None = None
    graph: str = ""

    @property
    def is_optimal(self) -> bool:
        """Whether it is proved that no order has fewer `edge_multiplications`."""
        return self.edge_multiplications is not None and self.edge_multiplications == self.lower_bound

    def to_json(self) -> str:
        """The plan as text, for `from_json`.

        Examples
        --------
        >>> plan = Plan("reverse", (2, 1), 12, 64, 32)
        >>> Plan.from_json(plan.to_json()) == plan
        True
        """
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` has written."""
        fields = json.loads(text)
        return cls(**{**fields, "order": tuple(fields["order"])})

    def __str__(self) -> str:
        vertices = ", ".join(map(str, self.order[:12])) + (", ..." if len(self.order) > 12 else "")
        note = "" if self.bounded else " (larger than inputs, output and result together)"
        lines = [
            f"order: {self.name}, {len(self.order)} inner vertices ({vertices})",
            f"multiplications: {self.multiplications:,}",
            f"held: {format_bytes(self.nbytes)}",
            f"largest intermediate: {format_bytes(self.largest_intermediate)}{note}",
            f"in NumPy's calls: about {_duration(self.seconds)}",
        ]
        if self.edge_multiplications is not None:
            known = "" if self.lower_bound is None else f"; no order takes fewer than {self.lower_bound:,}"
            proof = "; proved minimal" if self.is_optimal else known
            lines.insert(2, f"by pairs of edges: {self.edge_multiplications:,}{proof}")
        return "\n".join(lines)


def _duration(seconds: float) -> str:
    """Seconds with two digits, in a unit that suits."""
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.2g} {unit}" if seconds < 99.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:,.2g} s" if seconds < 99.5 else f"{seconds:,.0f} s"


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
    return Forecast(graph, inputs, output, joints).plan(order, name)


class Forecast:
    """Predicts the costs of orders of one graph."""

    def __init__(self, graph: LinearGraph, inputs: Sequence[int], output: int, joints: Collection[int] = ()) -> None:
        self.ledger = ledger = Ledger()
        self.graph = shadow = LinearGraph()
        self.inputs, self.output, self.joints = inputs, output, joints
        shadow.shapes, shadow.dtypes = graph.shapes, graph.dtypes
        shadow.into = [
            {source: [shadow_term(term, ledger) for term in terms] for source, terms in edges.items()} if edges else {}
            for edges in graph.into
        ]

    def plan(self, order: Sequence[int], name: str = "given") -> Plan:
        """The plan of an order: of the inner vertices, the joints among them last."""
        ledger, graph = self.ledger, self.graph
        ledger.clear()
        result = eliminate(graph, self.inputs, self.output, order, self.joints, reuse=False)
        terms = [term for parts in result.values() for term in parts]
        held = held_bytes(terms)
        largest = ledger.largest_intermediate(f.array for term in terms for f in term.factors if isinstance(f, Factor))
        ends = sum(prod(graph.shapes[v]) * graph.dtypes[v].itemsize for v in (*self.inputs, self.output))
        bounded = largest <= ends + held
        return Plan(name, tuple(order), ledger.multiplications, held, largest, bounded, ledger.seconds)

    def within(self, limit: float, order: Sequence[int], name: str = "given") -> Plan | None:
        """The plan of an order, or None, as soon as that is clear, where it takes more multiplications than `limit`."""
        if limit < 0:
            return None
        self.ledger.limit = limit
        try:
            return self.plan(order, name)
        except TooDear:
            return None
        finally:
            self.ledger.limit = inf


def digest_of(graph: LinearGraph, inputs: Sequence[int], output: int) -> str:
    """What graphs have in common for which the same orders are meant: the living vertices and their edges."""
    living = [*inner_vertices(graph, inputs, output), output]
    known = {*inputs, *living}
    edges = [(vertex, sorted(known.intersection(graph.into[vertex]))) for vertex in living]
    return blake2b(repr((tuple(inputs), edges)).encode(), digest_size=8).hexdigest()


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
