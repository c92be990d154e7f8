"""Greedy orders, and searches of long programs, on random graphs."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import line_of, mixed_graphs

from jacobians.elimination import orders, search
from jacobians.elimination.counting import order_of, prices_of
from jacobians.elimination.orders import ORDERS, OutOfTimeError


def greedy_by_hand(prices, key, deadline):
    """Every key asked again at every step."""
    remaining, order, left = prices.remaining(), [], {*prices.inner}
    while left:
        taken = min(left, key=lambda vertex: key(remaining, vertex))
        order.append(taken)
        left.remove(taken)
        _ = remaining.take(taken)
    return order


@pytest.mark.parametrize("minimize", ["multiplications", "edge_multiplications"])
@settings(max_examples=60, deadline=None)
@given(mixed_graphs())
def test_greedy_orders_take_the_least_at_every_step(minimize, ends):
    prices = prices_of(*ends, minimize)
    for name in ("markowitz", "markowitz-structure", "late", "fill"):
        found = ORDERS[name](prices)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(orders, "greedy", greedy_by_hand)
            assert ORDERS[name](prices) == found


@settings(max_examples=60, deadline=None)
@given(mixed_graphs(), st.randoms(use_true_random=False))
def test_what_is_left_and_sets_of_what_is_gone_price_alike(ends, random):
    prices = prices_of(*ends, "edge_multiplications")
    remaining, gone = prices.remaining(), 0
    for vertex in random.sample(prices.inner, len(prices.inner)):
        arriving, leaving = remaining.into[vertex], remaining.out_of[vertex]
        assert remaining.degree(vertex) == len(arriving) * len(leaving)
        assert remaining.cost(vertex) == prices.cost(vertex, gone) == remaining.take(vertex)
        gone |= prices.bit[vertex]


@settings(max_examples=60, deadline=None)
@given(mixed_graphs(largest=20), st.integers(0, 3))
def test_a_search_by_parts_is_never_dearer_than_what_it_began_with(ends, seed):
    prices = prices_of(*ends, "edge_multiplications")
    start = prices.inner[::-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "PART", 4)
        found = search.improve_parts(prices, start, moves=300, deadline=inf, seed=seed)
    assert sorted(found) == prices.inner
    assert prices.total(found) <= prices.total(start)


def test_parts_find_what_the_whole_does():
    """Twenty pairs of a wide vertex before a narrow one, between wide ends: the wide ones go first."""
    sizes = [50, *([20, 3] * 20), 50]
    prices = prices_of(*line_of(sizes), "edge_multiplications")
    assert order_of(prices, "search", seconds=0.0) in (prices.inner, prices.inner[::-1])
    least = prices.total(order_of(prices, "chain"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "PART", 16)
        found = search.improve_parts(prices, prices.inner[::-1], moves=4000, deadline=inf)
    assert prices.total(found) <= 1.1 * least < prices.total(prices.inner[::-1])


def test_an_order_that_takes_too_long_is_given_up():
    prices = prices_of(*line_of([3] * 9), "edge_multiplications")
    for name in ("markowitz", "late", "fill"):
        with pytest.raises(OutOfTimeError):
            _ = ORDERS[name](prices, deadline=-inf)
