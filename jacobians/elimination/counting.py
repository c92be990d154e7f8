"""Prices of a graph by what an order is to be cheap in, and its orders by name.

- `prices_of(graph, inputs, output, minimize)`: by ``"multiplications"`` that the engine runs, by ``"seconds"`` that
  these take, or by ``"edge_multiplications"``, the published rule.
- `order_of(prices, name)`: the order of a name, found by search where it is ``"search"``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf
from time import monotonic

from ..graph import LinearGraph
from ..labels import flatten
from ..terms import Term
from .bounds import EXACT_LIMIT, exact_order, lower_bound
from .kinds import NOTHING, EdgeKinds, Kinds, TermKinds, TimedKinds
from .living import inner_vertices
from .orders import ORDERS, OutOfTimeError
from .pricing import Prices
from .remaining import Edges
from .scalars import NumberKinds, ScalarPrices, UniformKinds
from .search import improve, improve_parts

__all__ = ["MOVES", "NAMES", "OBJECTIVES", "STARTS", "deadline_of", "found_orders", "order_of", "parts_of", "prices_of"]

OBJECTIVES = {
    "multiplications": (TermKinds, NumberKinds),
    "seconds": (TimedKinds, NumberKinds),
    "edge_multiplications": (EdgeKinds, UniformKinds),
}
"""What an order may be cheap in, by attribute of `Plan`: kinds of edges between arrays, and between numbers."""

NAMES = (*ORDERS, "search")
"""Orders that can be asked for by name, besides ``"auto"``."""

MOVES = 20_000
"""Moves of a search that is not told how many: a third of a second for a hundred numbers."""

MOVES_OF_ARRAYS = 2_000
"""The same where edges are between arrays, and sums of them have a price: about a second for a hundred."""

UNLIMITED = 3.0
"""Seconds of a search that is told neither moves nor seconds: only long programs need them."""

LONG = 256
"""Vertices from which on an order is improved part by part."""

STARTS = ("forward", "reverse", "markowitz-structure", "late", "fill")
"""Orders that a search compares before it begins."""

LONG_STARTS = ("forward", "reverse", "fill")
"""The same for long programs: those whose prices stay few."""

START_SHARE = 0.25
"""The share of the time left that one of them may take."""


def prices_of(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    minimize: str = "multiplications",
    joints: Collection[int] = (),
) -> Prices:
    """The prices of the inner vertices of a graph."""
    parts = parts_of(graph, inputs, output)
    between = [v for v in (*inputs, *inner_vertices(graph, inputs, output), output) if v != output or not parts]
    of_numbers = all([graph.shapes[vertex] == () for vertex in between])
    kinds = OBJECTIVES[minimize][of_numbers]()
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
    return found_orders(prices, deadline_of(moves, seconds), moves=moves, seed=seed)[0]


def deadline_of(moves: int | None, seconds: float | None) -> float:
    """The time at which a search is over."""
    if seconds is None:
        return inf if moves is not None else monotonic() + UNLIMITED
    return monotonic() + seconds


def found_orders(prices: Prices, deadline: float, *, moves: int | None = None, seed: int = 0) -> list[list[int]]:
    """The order that a search finds, and those that it has begun with."""
    starts = {"reverse": ORDERS["reverse"](prices), **_starts(prices, deadline)}
    if len(prices.inner) <= EXACT_LIMIT:
        return [exact_order(prices), *starts.values()]
    cheapest = min(starts, key=lambda start: prices.total(starts[start]))
    total = moves if moves is not None else MOVES_OF_ARRAYS if prices.kinds.adds else MOVES
    if len(prices.inner) > LONG:
        found = improve_parts(prices, starts[cheapest], moves=total, deadline=deadline, seed=seed)
        return [found, *starts.values()]
    # Half of the moves from reverse, which arrays need, and half from the cheapest start where that is another one.
    chosen = list(dict.fromkeys(["reverse", cheapest]))
    target = lower_bound(prices) if isinstance(prices.kinds, (EdgeKinds, UniformKinds)) else 0
    improved = []
    for n, start in enumerate(chosen):
        share = max(0.0, deadline - monotonic()) / (len(chosen) - n)
        tried = total // len(chosen)
        improved.append(improve(prices, starts[start], moves=tried, seconds=share, seed=seed + n, target=target))
    return [min(improved, key=lambda result: result.cost).order, *starts.values()]


def _starts(prices: Prices, deadline: float) -> dict[str, list[int]]:
    """The simple orders that are found in time: each may take a share of what is left."""
    orders: dict[str, list[int]] = {}
    for name in STARTS if len(prices.inner) <= LONG else LONG_STARTS:
        share = inf if deadline == inf else START_SHARE * (deadline - monotonic())
        try:
            orders[name] = ORDERS[name](prices, deadline=monotonic() + share)
        except OutOfTimeError:
            continue
    return orders
