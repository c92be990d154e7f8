"""Orders of elimination that are found without search, on random graphs."""

import pytest
from hypothesis import given, settings
from random_graphs import mixed_graphs

from jacobians.elimination import orders
from jacobians.elimination.counting import prices_of
from jacobians.elimination.orders import ORDERS


def greedy_by_hand(prices, key):
    """Every key asked again at every step."""
    gone, order, left = 0, [], {*prices.inner}
    while left:
        taken = min(left, key=lambda vertex: key(vertex, gone))
        order.append(taken)
        left.remove(taken)
        gone |= prices.bit[taken]
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
