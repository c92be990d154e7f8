"""Chains planned as a whole: against all orders, against `contract`, and long ones against dynamic programming."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import line_of

import jacobians as jac
from jacobians.contract import plan_pairs
from jacobians.elimination import chains
from jacobians.elimination.counting import prices_of
from jacobians.labels import Label

SIZES = st.lists(st.integers(2, 40), min_size=3, max_size=7)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.sets(st.integers(0, 5), max_size=2), st.sampled_from([0, 300]))
def test_a_chain_is_the_cheapest_of_all_orders(sizes, diagonals, products):
    """Over kinds, and over sizes where no kinds may be looked at."""
    prices = prices_of(*line_of(sizes, diagonals if len(sizes) < 6 else ()), "edge_multiplications")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "PRODUCT_LIMIT", products)
        found = prices.total(chains.chain(prices))
    assert found == min(prices.total(order) for order in itertools.permutations(prices.inner))


@settings(max_examples=60, deadline=None)
@given(SIZES)
def test_a_chain_costs_what_contract_plans(sizes):
    """`contract` plans the product of few matrices by dynamic programming as well."""
    labels = [Label(size) for size in sizes]
    planned, _ = plan_pairs([list(pair) for pair in itertools.pairwise(labels)], [labels[0], labels[-1]])
    prices = prices_of(*line_of(sizes), "edge_multiplications")
    assert prices.total(chains.chain(prices)) == planned.multiplications


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([1, 2, 3, 5, 20, 50, 200, 1000]), min_size=4, max_size=40))
def test_a_long_chain_costs_at_most_a_quarter_more_than_it_must(sizes):
    links = [chains._Link(k, m, 1.0, True) for m, k in itertools.pairwise(sizes)]

    def cost(order):
        left, total = dict(enumerate(links)), 0.0  # the edge that leaves a place
        for place in order:
            before = max(n for n in left if n < place)
            left[before], more = chains._after(left.pop(place), left[before])
            total += more
        return total

    least = chains._dynamic(chains._Sizes(links))
    found = chains._swept(links)
    assert sorted(found) == sorted(least) == list(range(1, len(links)))
    assert cost(least) <= cost(found) <= 1.25 * cost(least)


@pytest.mark.parametrize("layers", [30, 150])
def test_chains_of_many_widths(layers):
    """As many pairs of sizes as layers; long ones are swept."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 40, layers + 1)
    weights = [rng.normal(size=(n, m)) / m for m, n in itertools.pairwise(sizes)]

    def function(x):
        for W in weights:
            x = np.tanh(W @ x)
        return x

    plans = {order: jac.plan(function, np.ones(sizes[0]), order=order) for order in ("auto", "forward", "reverse")}
    assert plans["auto"].multiplications <= min(plan.multiplications for plan in plans.values())
    assert plans["auto"].name == "chain"
    auto, reverse = [jac.jacobian(function, order=order)(np.ones(sizes[0])) for order in ("auto", "reverse")]
    np.testing.assert_allclose(auto.to_array(), reverse.to_array())
