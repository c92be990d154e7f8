"""The choice of an order: the cheapest of several by predicted cost, remembered by the structure of the graph.

- `choose(...)`: what ``order="auto"`` runs: never more multiplications than forward or reverse, unless their
  intermediates are too large.
- `plan_of(...)`: the plan of an order that is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from math import inf, prod
from time import monotonic
from typing import NamedTuple

from ..graph import LinearGraph
from .bounds import EXACT_LIMIT, lower_bound
from .chains import is_line
from .counting import deadline_of, found_orders, order_of, prices_of
from .elimination import inner_vertices
from .likeness import likeness
from .plans import Forecast, Plan, digest_of, named_order
from .pricing import Prices

__all__ = ["Effort", "choose", "counted", "plan_of"]

REMEMBERED = 1024
"""Structures of which the choice is kept."""

SPARE = ("markowitz-structure", "fill")
"""Orders that are tried where neither forward nor reverse keeps its intermediates small."""

SPARE_LIMIT = 400
"""Inner vertices up to which they are."""

WIDE = 8
"""How many times as many outputs as inputs there are where forward is tried before reverse."""

_known: dict[Hashable, Plan] = {}


class Effort(NamedTuple):
    """What a search may take, and what it counts."""

    rule: str = "terms"
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

    def prices(self, rule: str) -> Prices:
        return prices_of(self.graph, self.inputs, self.output, rule, self.joints)

    def complete(self, order: Sequence[int], inner: Sequence[int]) -> list[int]:
        """An order with the parts of the output, which are put in place when all else is done, and the joints."""
        return [*order, *sorted({*inner}.difference(order)), *self.last]


def choose(graph: LinearGraph, inputs: Sequence[int], output: int, joints: Collection[int] = ()) -> Plan:
    """The cheapest of reverse and forward; others are tried where both have large intermediates, or in a chain."""
    ends = Ends(graph, inputs, output, joints)
    return _remembered(ends, "auto", Effort(), _choose)


def plan_of(
    graph: LinearGraph,
    inputs: Sequence[int],
    output: int,
    joints: Collection[int] = (),
    name: str = "search",
    effort: Effort | None = None,
) -> Plan:
    """The plan of an order with a name.

    ``"search"`` looks for the fewest multiplications by the rule that `effort` tells; by the library's own, the plan
    is the cheapest by prediction of what was found and of the orders that it started from.
    """
    ends = Ends(graph, inputs, output, joints)
    return _remembered(ends, name, effort or Effort(), _named)


def counted(graph: LinearGraph, inputs: Sequence[int], output: int, plan: Plan) -> Plan:
    """The plan with its multiplications by pairs of edges, the bound on these, and what it is for."""
    prices = prices_of(graph, inputs, output, "edges")
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
    inner, forecast = ends.inner, ends.forecast()
    plans = _swept(ends, inner, forecast)
    others = ["chain"] if len(inner) > 2 and ends.is_chain else []
    if not others and len(inner) <= SPARE_LIMIT and not any([plan.bounded for plan in plans]):
        others += SPARE
    prices = ends.prices("terms") if others else None
    for other in others:
        if prices is None or (other == "chain" and not is_line(prices)):
            continue
        if other in SPARE and any([plan.bounded for plan in plans]):
            break
        plans.append(forecast.plan(ends.complete(order_of(prices, other), inner), other))
    return _best(plans)


def _swept(ends: Ends, inner: Sequence[int], forecast: Forecast) -> list[Plan]:
    """The plans of reverse and forward; that of the second is given up where it is dearer than the first."""
    sizes = ends.graph.shapes
    wide = prod(sizes[ends.output]) > WIDE * sum([prod(sizes[vertex]) for vertex in ends.inputs])
    first, second = ("forward", "reverse") if wide and len(inner) > 1 else ("reverse", "forward")
    plan = forecast.plan(ends.complete(named_order(first, inner), inner), first)
    if len(inner) < 2:
        return [plan]
    most = plan.multiplications - (not wide) if plan.bounded else inf  # where they cost the same, reverse
    other = forecast.within(most, ends.complete(named_order(second, inner), inner), second)
    return [plan] if other is None else [plan, other][:: -1 if wide else 1]


def _named(ends: Ends, name: str, effort: Effort) -> Plan:
    if name == "search" and effort.rule == "terms":
        return _searched(ends, effort)
    inner, forecast = ends.inner, ends.forecast()
    if name in ("forward", "reverse"):
        return forecast.plan(ends.complete(named_order(name, inner), inner), name)
    rule, moves, seconds, seed = effort
    order = order_of(ends.prices(rule), name, moves=moves, seconds=seconds, seed=seed)
    return forecast.plan(ends.complete(order, inner), name)


def _searched(ends: Ends, effort: Effort) -> Plan:
    """The cheapest by prediction of what a search finds, of what it begins with, and of what is run without search."""
    rule, moves, seconds, seed = effort
    deadline = deadline_of(moves, seconds)
    least = choose(*ends)
    if monotonic() > deadline:
        return least._replace(name="search")
    orders = found_orders(ends.prices(rule), deadline, moves=moves, seed=seed)
    forecast, inner, plans = ends.forecast(), ends.inner, [least]
    for order in {tuple(order): order for order in orders}.values():
        if monotonic() < deadline:
            plan = forecast.within(least.multiplications, ends.complete(order, inner), "search")
            plans += [] if plan is None else [plan]
    return _best(plans)._replace(name="search")


def _best(plans: Sequence[Plan]) -> Plan:
    """The fewest multiplications among plans without large intermediates, else the smallest of these."""
    bounded = [plan for plan in plans if plan.bounded]
    if bounded:
        return min(bounded, key=lambda plan: plan.multiplications)
    return min(plans, key=lambda plan: plan.largest_intermediate)
