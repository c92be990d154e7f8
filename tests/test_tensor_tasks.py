"""Orders of elimination on tasks with arrays: what is chosen and what is searched for is never dearer, and right."""

import numpy as np
import pytest
from graph_oracle import numerical_jacobians
from tensor_tasks import TENSOR_TASKS

import jacobians as jac

SIMPLE = ("forward", "reverse", "markowitz", "markowitz-structure", "late", "fill")

FOUND = {"roe_flux": 500, "sabr": 62, "encoder": 3220, "program of 20": 398, "program of 40": 1100}
"""Multiplications that a search reaches, where no simple order needs fewer."""


@pytest.mark.parametrize("name", [name for name in TENSOR_TASKS if name != "program of 80"])
def test_orders_of_tasks_with_arrays(name):
    function, inputs = TENSOR_TASKS[name]
    every = tuple(range(len(inputs)))
    plans = {
        order: jac.plan(function, *inputs, argnums=every, order=order, moves=2000 if order == "search" else None)
        for order in (*SIMPLE, "auto", "search")
    }
    counts = {order: plan.multiplications for order, plan in plans.items()}
    assert counts["auto"] <= min(counts["forward"], counts["reverse"])
    assert counts["search"] <= min(counts.values())
    assert counts["search"] <= FOUND.get(name, counts["auto"])
    assert plans["search"].bounded or plans["search"].largest_intermediate < 2**20
    assert plans["search"].lower_bound <= plans["search"].edge_multiplications


@pytest.mark.parametrize("name", [name for name in TENSOR_TASKS if name != "program of 80"])
def test_searched_orders_are_right(name):
    """Of the entries of all results in a row, against finite differences."""
    function, inputs = TENSOR_TASKS[name]
    every = tuple(range(len(inputs)))

    def flat(*args):
        result = function(*args)
        parts = result if isinstance(result, tuple) else (result,)
        return np.concatenate([np.ravel(part) for part in parts])

    plan = jac.plan(flat, *inputs, argnums=every, order="search", moves=20)
    found = jac.jacobian(flat, every, plan=plan)(*inputs)
    expected = numerical_jacobians(flat, *[np.asarray(x, float) for x in inputs])
    for J, numbers in zip(found, expected, strict=True):
        np.testing.assert_allclose(J.to_array(), numbers, rtol=1e-5, atol=1e-7)
