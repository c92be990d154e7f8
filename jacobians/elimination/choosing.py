"""The choice of an order: the cheapest of several by predicted cost, remembered by the structure of the graph.

- `choose(...)`: what ``order="auto"`` runs: never more multiplications than forward or reverse, unless their
  intermediates are too large.
- `plan_of(...)`: the plan of an order that is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from itertools import pairwise
from math import inf, prod
from time import monotonic
from typing import NamedTuple

from ..graph import LinearGraph
from .bounds import EXACT_LIMIT, lower_bound
from .chains import is_line
from .counting import deadline_of, found_orders, order_of, prices_of
from .likeness import likeness
from .living import inner_vertices
from .plans import Forecast, Plan, digest_of, named_order
from .pricing import Prices

__all__ = ["Effort", "choose", "counted", "plan_of"]

REMEMBERED = 1024
"""Structures of which the choice is kept."""

SPARE = ("markowitz-structure", "fill")
"""Orders that are tried where neither forward nor reverse keeps its intermediates small and much is multiplied."""

SPARE_LIMIT = 400
"""Inner vertices up to which they are."""

WIDE = 8
"""How many times as many outputs as inputs there are where forward is tried before reverse."""

WORTH = 10_000
"""Multiplications by inner vertex below which planning takes longer than what it could save."""

HARMLESS = 2**20
"""Bytes up to which an intermediate is never too large."""

_known: dict[Hashable, Plan] = {}


class Effort(NamedTuple):
    """What a search may take, and the attribute of a plan that it makes small."""

    minimize: str = "multiplications"
    moves: int | None = None
    seconds: float | None = None
    seed: int = 0


class Ends(NamedTuple):
    """A graph with its inputs, its output, and the vertices that are eliminated last."""

    graph: LinearGraph
    inputs: Sequence[int]
    output: int
    joints: Collection[int] = ()

    @property
    def inner(self) -> list[int]:
        return [vertex for vertex in inner_vertices(*self[:3]) if vertex not in self.joints]

    @property
    def last(self) -> tuple[int, ...]:
        return tuple([vertex for vertex in sorted(self.joints) if vertex not in (*self.inputs, self.output)])

    @property
    def is_chain(self) -> bool:
        """Whether each vertex has one edge in and one edge out."""
        living = {*inner_vertices(*self[:3]), self.output}
        sources = living | {*self.inputs}
        return sum([len(sources.intersection(self.graph.into[vertex])) for vertex in living]) == len(living)

    def forecast(self) -> Forecast:
        return Forecast(self.graph, self.inputs, self.output, self.joints)

    def prices(self, minimize: str) -> Prices:
        return prices_of(self.graph, self.inputs, self.output, minimize, self.joints)

    def parts(self, inner: Sequence[int]) -> list[int]:
        """The order in which each part of a product begins at its smaller end, as its own Jacobian would."""
        ends = sorted({*self.inputs, *self.joints, self.output})
        sizes = {vertex: prod(self.graph.shapes[vertex]) for vertex in ends}
        order = []
        for first, last in pairwise(ends):
            part = [vertex for vertex in inner if first < vertex < last]
            order += sorted(part, reverse=sizes[first] > sizes[last] - (first > ends[0]))
        return order

    def complete(self, order: Sequence[int], inner: Sequence[int]) -> list[int]:
        """An order with the parts of the output, which are put in place when all else is done, and the joints."""
        return [*order, *sorted({*inner}.difference(order)), *self.last]


def choose(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    joints: Collection[int] = (),
    minimize: str = "multiplications",
) -> Plan:
    """The cheapest of reverse and forward; others are tried where that may pay, and in a chain."""
    ends = Ends(graph, inputs, output, joints)
    return _remembered(ends, "auto", Effort(minimize), _choose)


def plan_of(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    joints: Collection[int] = (),
    name: str = "search",
    effort: Effort | None = None,
) -> Plan:
    """The plan of an order with a name.

    ``"search"`` looks for the least of what `effort` tells. Its plan is the cheapest by prediction of what was found
    and of the orders that it started from; multiplications by pairs of edges are counted, not predicted.
    """
    ends = Ends(graph, inputs, output, joints)
    return _remembered(ends, name, effort or Effort(), _named)


def counted(graph: LinearGraph, inputs: Sequence[int], output: int, plan: Plan) -> Plan:
    """The plan with its multiplications by pairs of edges, the bound on these, and what it is for."""
    prices = prices_of(graph, inputs, output, "edge_multiplications")
    inner = {*prices.inner}
    exact = len(inner) <= EXACT_LIMIT
    bound = prices.total(order_of(prices, "search")) if exact else lower_bound(prices)
    total = prices.total([vertex for vertex in plan.order if vertex in inner])
    return plan._replace(edge_multiplications=total, lower_bound=bound, graph=digest_of(graph, inputs, output))


def _remembered(ends: Ends, name: str, effort: Effort, make: Callable[[Ends, str, Effort], Plan]) -> Plan:
    key = (name, effort, likeness(*ends))
    plan = _known.get(key)
    if plan is None:
        plan = make(ends, name, effort)
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[key] = plan
    return plan


def _choose(ends: Ends, name: str, effort: Effort) -> Plan:
    inner, forecast, minimize = ends.inner, ends.forecast(), effort.minimize
    plans = _swept(ends, inner, forecast, minimize)
    if ends.joints and not any([plan.multiplications == 0 for plan in plans]):
        limit = min([plan.multiplications for plan in plans]) if minimize == "multiplications" else inf
        together = forecast.within(limit, ends.complete(ends.parts(inner), inner), "parts")
        plans += [] if together is None else [together]
    most = min([getattr(plan, minimize) for plan in plans])
    others = ["chain"] if len(inner) > 2 and ends.is_chain else []
    pays = name != "auto" or most > WORTH * len(inner) or not any([_fits(plan) for plan in plans])
    if not others and pays and len(inner) <= SPARE_LIMIT and not any([plan.bounded for plan in plans]):
        others += SPARE
    prices = ends.prices(minimize) if others else None
    for other in others:
        if prices is None or (other == "chain" and not is_line(prices)):
            continue
        if other in SPARE and any([plan.bounded for plan in plans]):
            break
        order = ends.complete(order_of(prices, other), inner)
        if tuple(order) not in [plan.order for plan in plans]:
            plans.append(forecast.plan(order, other))
    return _best(plans, minimize, most)


def _swept(ends: Ends, inner: Sequence[int], forecast: Forecast, minimize: str) -> list[Plan]:
    """The plans of reverse and forward; that of the second is given up where it is dearer than the first."""
    sizes = ends.graph.shapes
    wide = prod(sizes[ends.output]) > WIDE * sum([prod(sizes[vertex]) for vertex in ends.inputs])
    first, second = ("forward", "reverse") if wide and len(inner) > 1 else ("reverse", "forward")
    plan = forecast.plan(ends.complete(named_order(first, inner), inner), first)
    if len(inner) < 2:
        return [plan]
    counted = minimize == "multiplications" and _fits(plan)
    most = plan.multiplications - (not wide) if counted else inf  # where they cost the same, reverse
    other = forecast.within(most, ends.complete(named_order(second, inner), inner), second)
    return [plan] if other is None else [plan, other][:: -1 if wide else 1]


def _named(ends: Ends, name: str, effort: Effort) -> Plan:
    minimize, moves, seconds, seed = effort
    if name == "search" and minimize != "edge_multiplications":
        return _searched(ends, effort)
    inner, forecast = ends.inner, ends.forecast()
    if name in ("forward", "reverse"):
        return forecast.plan(ends.complete(named_order(name, inner), inner), name)
    order = order_of(ends.prices(minimize), name, moves=moves, seconds=seconds, seed=seed)
    return forecast.plan(ends.complete(order, inner), name)


def _searched(ends: Ends, effort: Effort) -> Plan:
    """The cheapest by prediction of what a search finds, of what it begins with, and of what is run without search."""
    minimize, moves, seconds, seed = effort
    deadline = deadline_of(moves, seconds)
    least = _remembered(ends, "start", Effort(minimize), _choose)
    if monotonic() > deadline:
        return least._replace(name="search")
    orders = found_orders(ends.prices(minimize), deadline, moves=moves, seed=seed)
    forecast, inner, plans = ends.forecast(), ends.inner, [least]
    limit = least.multiplications if minimize == "multiplications" else inf
    for order in {tuple(order): order for order in orders}.values():
        if seconds is None or monotonic() < deadline:
            plan = forecast.within(limit, ends.complete(order, inner), "search")
            plans += [] if plan is None else [plan]
    return _best(plans, minimize, getattr(least, minimize))._replace(name="search")


def _best(plans: Sequence[Plan], minimize: str, most: float) -> Plan:
    """The cheapest plan whose intermediates fit; where none fits, the smallest of those that cost no more than `most`.

    An intermediate of a few numbers may be larger than inputs, output and result together: that harms nobody, and the
    promise that no simple order is cheaper is kept.
    """
    fitting = [plan for plan in plans if _fits(plan)]
    if fitting:
        return min(fitting, key=lambda plan: (getattr(plan, minimize), not plan.bounded))
    cheap = [plan for plan in plans if getattr(plan, minimize) <= most]
    return min(cheap, key=lambda plan: (plan.largest_intermediate, getattr(plan, minimize)))


def _fits(plan: Plan) -> bool:
    return plan.bounded or plan.largest_intermediate <= HARMLESS
