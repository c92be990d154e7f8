"""What is chosen without being told is never dearer than forward or reverse, in multiplications or in seconds."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, seed, settings
from random_graphs import mixed_graphs
from random_programs import programs

import jacobians as jac
from jacobians.elimination import choose, choosing, inner_vertices, named_order, plan_of, predict
from jacobians.elimination.choosing import Effort
from jacobians.elimination.machine import seconds_of

OBJECTIVES = ["multiplications", "seconds"]


@pytest.mark.parametrize("minimize", OBJECTIVES)
@settings(max_examples=25, deadline=None)
@given(programs())
def test_no_simple_order_of_a_program_is_cheaper(minimize, program):
    """Of programs with several inputs and results, and a search is not dearer either."""
    every = tuple(range(len(program.inputs)))
    last, total = program.result(np), program.total(np)
    for function in (last, total, lambda *x: (last(*x), [total(*x)])):
        plans = {
            order: jac.plan(function, *program.inputs, argnums=every, order=order, minimize=minimize, moves=200)
            for order in ("forward", "reverse", "auto", "search")
        }
        costs = {order: getattr(plan, minimize) for order, plan in plans.items()}
        assert costs["search"] <= costs["auto"] <= min(costs["forward"], costs["reverse"])


@pytest.mark.parametrize("minimize", OBJECTIVES)
@settings(max_examples=60, deadline=None)
@given(mixed_graphs(largest=10))
def test_no_simple_order_of_a_graph_is_cheaper(minimize, ends):
    effort = Effort(minimize, moves=200)
    plans = {name: plan_of(*ends, (), name, effort) for name in ("forward", "reverse", "late", "fill", "search")}
    costs = {name: getattr(plan, minimize) for name, plan in plans.items()}
    auto = getattr(choose(*ends, minimize=minimize), minimize)
    assert auto <= min(costs["forward"], costs["reverse"])
    assert costs["search"] <= min(auto, *costs.values())


@settings(max_examples=60, deadline=None)
@given(mixed_graphs(largest=8))
def test_large_intermediates_are_avoided_where_a_simple_order_avoids_them(ends):
    """Without room for small ones, and then at any price."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "HARMLESS", 0)
        patch.setattr(choosing, "_known", {})
        chosen = choose(*ends)
        simple = [plan_of(*ends, (), name) for name in ("forward", "reverse")]
    bounded = [plan.multiplications for plan in simple if plan.bounded]
    if bounded:
        assert chosen.bounded
        assert chosen.multiplications <= min(bounded)
    elif not chosen.bounded:
        assert chosen.multiplications <= min(plan.multiplications for plan in simple)


@seed(3)
@settings(max_examples=120, deadline=None)
@given(mixed_graphs(largest=8))
def test_costs_do_not_depend_on_what_was_predicted_before(ends):
    inner = inner_vertices(*ends)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("jacobians.elimination.merge"), "_known", {})
        for name in ("forward", "reverse"):
            first, again = [predict(*ends, named_order(name, inner), (), name) for _ in range(2)]
            assert first == again


def test_seconds_are_those_of_the_calls():
    """One product of matrices, 30 x 20 with 20 x 50."""
    A, B = np.ones((30, 20)), np.ones((20, 50))
    plan = jac.plan(lambda x: A @ (B @ x), np.ones(50), order="reverse")
    assert plan.multiplications == 30 * 20 * 50
    assert plan.seconds == seconds_of(30 * 20 * 50, 8 * (30 * 20 + 20 * 50), 8 * 30 * 50)
    assert "in NumPy's calls: about 2.7 us" in str(plan)


def test_seconds_weigh_calls_against_multiplications():
    """What is twice as large takes longer, but not twice as long; and a program of many small calls is slow."""

    def deep(n):
        return jac.plan(lambda x: np.tanh(np.ones((n, n)) @ np.tanh(np.ones((n, n)) @ x)), np.ones(n))

    small, large = deep(2), deep(4)
    assert small.seconds < large.seconds < 2 * small.seconds
    wide, few = deep(300), deep(400)
    assert wide.seconds < few.seconds
    assert few.seconds / wide.seconds > 1.5
    assert large.multiplications > 4 * small.multiplications


@pytest.mark.parametrize("order", ["auto", "search"])
def test_seconds_are_an_objective(order):
    plan = jac.plan(deep_and_narrow, np.ones(4), order=order, minimize="seconds")
    simple = [jac.plan(deep_and_narrow, np.ones(4), order=name).seconds for name in ("forward", "reverse")]
    assert 0 < plan.seconds <= min(simple)
    with pytest.raises(jac.ArgumentError, match='minimize is "edge_multiplications", which "auto" does not look at'):
        _ = jac.plan(deep_and_narrow, np.ones(4), minimize="edge_multiplications")


def deep_and_narrow(x):
    for _ in range(6):
        x = np.sin(np.ones((4, 4)) @ x) * x
    return x[:2]
