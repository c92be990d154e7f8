"""Orders of elimination that are found without search, on random graphs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import mixed_graphs

from jacobians.elimination import orders
from jacobians.elimination.counting import prices_of
from jacobians.elimination.orders import ORDERS


def greedy_by_hand(prices, key):
    """Every key asked again at every step."""
    remaining, order, left = prices.remaining(), [], {*prices.inner}
    while left:
        taken = min(left, key=lambda vertex: key(remaining, vertex))
        order.append(taken)
        left.remove(taken)
        _ = remaining.take(taken)
    return order


@pytest.mark.parametrize("rule", ["terms", "edges"])
@settings(max_examples=60, deadline=None)
@given(mixed_graphs())
def test_greedy_orders_take_the_least_at_every_step(rule, ends):
    prices = prices_of(*ends, rule)
    for name in ("markowitz", "markowitz-structure", "late", "fill"):
        found = ORDERS[name](prices)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(orders, "greedy", greedy_by_hand)
            assert ORDERS[name](prices) == found


@settings(max_examples=60, deadline=None)
@given(mixed_graphs(), st.randoms(use_true_random=False))
def test_what_is_left_and_sets_of_what_is_gone_price_alike(ends, random):
    prices = prices_of(*ends, "edges")
    remaining, gone = prices.remaining(), 0
    for vertex in random.sample(prices.inner, len(prices.inner)):
        arriving, leaving = remaining.into[vertex], remaining.out_of[vertex]
        assert remaining.degree(vertex) == len(arriving) * len(leaving)
        assert remaining.cost(vertex) == prices.cost(vertex, gone) == remaining.take(vertex)
        gone |= prices.bit[vertex]
