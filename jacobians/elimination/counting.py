"""Prices of a graph by a rule of counting, and its orders by name.

- `prices_of(graph, inputs, output, rule)`: the rule is ``"terms"``, what the engine multiplies, or ``"edges"``, the
  published one.
- `order_of(prices, name)`: the order of a name, found by search where it is ``"search"``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..graph import LinearGraph
from ..labels import flatten
from ..terms import Term
from .bounds import EXACT_LIMIT, exact_order, lower_bound
from .elimination import inner_vertices
from .kinds import NOTHING, EdgeKinds, Kinds, TermKinds
from .orders import ORDERS
from .pricing import Prices
from .remaining import Edges
from .scalars import NumberKinds, ScalarPrices, UniformKinds
from .search import improve

__all__ = ["MOVES", "NAMES", "RULES", "STARTS", "order_of", "parts_of", "prices_of"]

RULES = {"terms": (TermKinds, NumberKinds), "edges": (EdgeKinds, UniformKinds)}
"""By rule of counting: kinds of edges between arrays, and between numbers."""

NAMES = (*ORDERS, "search")
"""Orders that can be asked for by name, besides ``"auto"``."""

MOVES = 20_000
"""Moves of a search that is not told how many: a third of a second for a hundred numbers."""

STARTS = ("forward", "reverse", "markowitz-structure", "late", "fill")
"""Orders that a search compares before it begins."""


def prices_of(
    graph: LinearGraph, inputs: Sequence[int], output: int, rule: str = "terms", joints: Collection[int] = ()
) -> Prices:
    """The prices of the inner vertices of a graph."""
    parts = parts_of(graph, inputs, output)
    between = [v for v in (*inputs, *inner_vertices(graph, inputs, output), output) if v != output or not parts]
    of_numbers = all([graph.shapes[vertex] == () for vertex in between])
    kinds = RULES[rule][of_numbers]()
    into, out_of = _edges(graph, inputs, output, kinds, {*parts})
    ends = {*inputs, output, *joints, *(part for part in parts if not out_of.get(part))}
    inner = [vertex for vertex in inner_vertices(graph, inputs, output) if vertex not in ends]
    return (ScalarPrices if of_numbers else Prices)(kinds, into, out_of, inner)


def _edges(
    graph: LinearGraph, inputs: Sequence[int], output: int, kinds: Kinds, parts: set[int]
) -> tuple[dict[int, Edges], dict[int, Edges]]:
    """The kinds of all living edges; a part of the output that is used elsewhere gets an output of its own."""
    into: dict[int, Edges] = {}
    out_of: dict[int, Edges] = {}

    def connect(source: int, target: int, kind: int) -> None:
        if kind != NOTHING:
            into.setdefault(target, {})[source] = kind
            out_of.setdefault(source, {})[target] = kind

    living = {*inner_vertices(graph, inputs, output), output}
    sources = living | set(inputs)
    for target in sorted(living):
        for source, terms in graph.into[target].items():
            if source in sources and not (target == output and source in parts):
                connect(source, target, kinds.of(terms))
    for part in sorted(parts & living):
        if out_of.get(part):
            connect(part, -1 - part, kinds.of(graph.into[output][part]))
    return into, out_of


def parts_of(graph: LinearGraph, inputs: Sequence[int], output: int) -> list[int]:
    """The vertices that the output only puts side by side, as `stack` does: each is an output of its own."""
    parts = [source for source in graph.into[output] if all([_places(t) for t in graph.into[output][source]])]
    if len(parts) < 2 or len(parts) < len(graph.into[output]):
        return []
    return sorted(set(parts) & set(inner_vertices(graph, inputs, output)))


def _places(term: Term) -> bool:
    """Whether a term only puts its operand at some place of the output."""
    determined = {label for relation in term.maps for label in relation.dst}
    return bool(determined) and not term.factors and determined <= {*flatten(term.out)}


def order_of(
    prices: Prices, name: str, *, moves: int | None = None, seconds: float | None = None, seed: int = 0
) -> list[int]:
    """The order of a name, of the inner vertices alone.

    Parameters
    ----------
    prices : Prices
    name : str
        One of `NAMES`.
    moves, seconds, seed : optional
        Of ``"search"``, see `improve`.
    """
    if name != "search":
        return ORDERS[name](prices)
    if len(prices.inner) <= EXACT_LIMIT:
        return exact_order(prices)
    # Half of the moves from reverse, which arrays need, and half from the cheapest start where that is another one.
    starts = {start: ORDERS[start](prices) for start in STARTS}
    cheapest = min(starts, key=lambda start: prices.total(starts[start]))
    chosen = list(dict.fromkeys(["reverse", cheapest]))
    total = MOVES if moves is None else moves
    shares = None if seconds is None else seconds / len(chosen)
    target = lower_bound(prices) if isinstance(prices.kinds, (EdgeKinds, UniformKinds)) else 0
    found = [
        improve(prices, starts[start], moves=total // len(chosen), seconds=shares, seed=seed + n, target=target)
        for n, start in enumerate(chosen)
    ]
    return min(found, key=lambda result: result.cost).order
