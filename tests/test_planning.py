"""Planning: counts of published tasks, bounds, searches, plans that are kept and reused, and memory."""

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from counting_arrays import counted
from elimination_tasks import TASKS
from graph_oracle import jacobians_of
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import dags, graph_of

import jacobians as jac
from jacobians.elimination import choose, choosing, inner_vertices, plan_of, predict
from jacobians.elimination.bounds import exact_order, lower_bound
from jacobians.elimination.counting import order_of, prices_of
from jacobians.elimination.orders import ORDERS
from jacobians.elimination.search import improve
from jacobians.graph import LinearGraph
from jacobians.labels import Label
from jacobians.terms import Factor, Term

FLOAT = np.dtype(float)
OWN_RULE = {
    "Helmholtz": 12,
    "RoeFlux_1d": 184,
    "RobotArm_6DOF": 151,
    "HumanHeartDipole": 48,
    "PropaneCombustion": 24,
    "BlackScholes_Jacobian": 237,
    "MLP": 199,
}


def call_of(name):
    """The function of a task, its inputs, and the numbers of these."""
    task = TASKS[name]
    everything = tuple(range(len(task.inputs)))
    function = jac.grad(task.function, argnums=everything) if task.of_gradient else task.function
    return function, task.inputs, everything


def plan_task(name, **options):
    function, inputs, everything = call_of(name)
    return jac.plan(function, *inputs, argnums=everything, **options)


# -------------------------------------------------------------------------------------------------- published tasks
@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if not task.of_gradient])
@pytest.mark.parametrize("order", ["forward", "reverse", "markowitz"])
def test_published_orders_are_counted_as_published(name, order):
    assert plan_task(name, order=order).edge_multiplications == getattr(TASKS[name].counted, order)


@pytest.mark.parametrize("name", TASKS)
def test_a_search_reaches_the_best_known_count(name):
    task = TASKS[name]
    plan = plan_task(name, order="search", minimize="edge_multiplications")
    assert plan.lower_bound <= plan.edge_multiplications <= task.counted.best
    assert plan.is_optimal == task.proven
    assert ("proved minimal" in str(plan)) == task.proven


@pytest.mark.parametrize("name", TASKS)
def test_a_search_by_the_tighter_rule(name):
    assert plan_task(name, order="search").multiplications <= OWN_RULE[name]


@pytest.mark.parametrize("name", ["RoeFlux_1d", "RobotArm_6DOF", "HumanHeartDipole", "MLP"])
@pytest.mark.parametrize("order", ["forward", "auto", "fill"])
def test_what_is_predicted_is_what_is_multiplied(name, order):
    function, inputs, everything = call_of(name)
    stacked = function if name == "MLP" else lambda *x: np.stack(function(*x))
    J = jac.jacobian(stacked, everything, order=order)(*inputs)
    body = J[0]._body
    found, jacobians = counted(body.graph, body.inputs, body.output, J[0].plan.order)
    assert found == J[0].plan.multiplications
    _, expected = jacobians_of(stacked, *map(np.asarray, inputs))
    for result, dense in zip(jacobians.values(), expected, strict=True):
        np.testing.assert_allclose(result, dense, rtol=1e-9, atol=1e-12)


def test_one_operand_twice():
    """d(y * y) = 2 y dy: two edges from one vertex are added, not one of them dropped."""
    for order in ("auto", "search", "markowitz"):
        J = jac.jacobian(lambda x: np.sin(x) * np.sin(x) + np.exp(x) * x * x, order=order)(np.float64(0.7))
        assert np.isclose(J.to_array(), np.sin(1.4) + np.exp(0.7) * (0.7**2 + 1.4), rtol=1e-12)
    plan = jac.plan(lambda x: (lambda y: y * y)(np.sin(x)), np.float64(0.7))
    assert plan.edge_multiplications == 1


# ------------------------------------------------------------------------------------------- prices, bounds, search
def price_by_hand(edges, order):
    """Edges in times edges out, on a plain set of edges."""
    edges, total = set(edges), 0
    for vertex in order:
        into = {source for source, target in edges if target == vertex}
        out = {target for source, target in edges if source == vertex}
        total += len(into) * len(out)
        edges = {edge for edge in edges if vertex not in edge} | set(itertools.product(into, out))
    return total


@settings(max_examples=100, deadline=None)
@given(dags(), st.randoms(use_true_random=False))
def test_prices_are_those_of_an_elimination(case, random):
    edges, count = case
    for shape, scale in (((), 1), ((3,), 27)):
        graph = graph_of(edges, count, shape)
        inner = inner_vertices(graph, (0, 1), count - 1)
        living = [edge for edge in edges if {*edge} <= {0, 1, *inner, count - 1}]
        prices = prices_of(graph, (0, 1), count - 1, "edge_multiplications")
        order = random.sample(inner, len(inner))
        assert prices.total(order) == scale * price_by_hand(living, order)
        assert prices.total(order) == prices.total(order)


@settings(max_examples=60, deadline=None)
@given(dags(largest=7))
def test_no_order_is_below_the_bound(case):
    edges, count = case
    prices = prices_of(graph_of(edges, count), (0, 1), count - 1, "edge_multiplications")
    totals = [prices.total(order) for order in itertools.permutations(prices.inner)]
    assert lower_bound(prices, work=0) <= lower_bound(prices) <= min(totals) == prices.total(exact_order(prices))


@settings(max_examples=40, deadline=None)
@given(dags(largest=14))
def test_a_search_keeps_the_best_seen(case):
    edges, count = case
    prices = prices_of(graph_of(edges, count), (0, 1), count - 1, "edge_multiplications")
    found = improve(prices, prices.inner, moves=200)
    assert sorted(found.order) == prices.inner
    assert found.cost == prices.total(found.order) <= prices.total(prices.inner)
    assert found == improve(prices, prices.inner, moves=200)


@settings(max_examples=40, deadline=None)
@given(dags(largest=10))
def test_auto_is_the_best_of_forward_and_reverse_and_search_is_not_worse(case):
    edges, count = case
    ends = graph_of(edges, count, (2,)), (0, 1), count - 1
    plans = {name: plan_of(*ends, (), name) for name in (*ORDERS, "search") if name != "chain"}
    bounded = [plans[name].multiplications for name in ("forward", "reverse") if plans[name].bounded]
    if bounded:
        assert plans["search"].multiplications <= choose(*ends).multiplications <= min(bounded)


def test_a_budget_stops_a_search():
    prices = prices_of(graph_of([(n, n + 1) for n in range(40)], 41), (0,), 40, "edge_multiplications")
    assert improve(prices, prices.inner, seconds=0.0).moves <= 64


def test_a_chain_is_planned_as_a_whole():
    """Ten vertices of different sizes: the cheapest order of the product is neither forward nor reverse."""
    sizes = [30, 35, 15, 5, 10, 20, 25]
    graph = LinearGraph()
    for size in sizes:
        _ = graph.add_vertex((size,), FLOAT)
    for source, (m, n) in enumerate(itertools.pairwise(sizes)):
        i, j = Label(n), Label(m)
        graph.add_term(source, source + 1, Term(((i,),), ((j,),), (Factor(np.ones((n, m)), (i, j)),)))
    prices = prices_of(graph, (0,), 6, "edge_multiplications")
    assert prices.total(order_of(prices, "chain")) == 15125  # Cormen, Leiserson, Rivest, Stein, section 15.2
    assert min(prices.total(order) for order in itertools.permutations(prices.inner)) == 15125
    with pytest.raises(jac.ArgumentError, match="plan: order is 'chain', but the graph has branches"):
        _ = jac.plan(lambda x: np.sin(x) * np.cos(x), np.ones(3), order="chain")


# --------------------------------------------------------------------------------------- plans are kept and given back
def network(x):
    return np.tanh(np.ones((3, 5)) @ np.sin(np.ones((5, 4)) @ np.exp(x)))


def test_a_plan_is_saved_and_reused():
    x = np.linspace(0.0, 1.0, 4)
    plan = jac.plan(network, x, order="forward")
    assert pickle.loads(pickle.dumps(plan)) == plan == jac.Plan.from_json(plan.to_json())
    expected = jac.jacobian(network)(x).to_array()
    for options in ({"plan": plan}, {"order": plan}, {"order": list(plan.order)}):
        J = jac.jacobian(network, **options)(x)
        assert J.plan.order == plan.order
        assert J.plan.multiplications == plan.multiplications
        np.testing.assert_allclose(J.to_array(), expected)
    np.testing.assert_allclose(
        jac.jacobian(network, plan=plan)(2 * x).to_array(), jac.jacobian(network)(2 * x).to_array()
    )


def test_threads_plan_alike():
    x = np.linspace(0.0, 1.0, 4)
    with ThreadPoolExecutor(8) as pool:
        plans = [*pool.map(lambda _: jac.plan(network, x, order="search", moves=200), range(32))]
        found = [*pool.map(lambda plan: jac.jacobian(network, plan=plan)(x).to_array(), plans)]
    assert {*plans} == {jac.plan(network, x, order="search", moves=200)}
    for array in found:
        np.testing.assert_array_equal(array, found[0])


def test_a_hessian_is_planned_as_the_jacobian_of_the_gradient():
    def loss(x):
        return np.sum(network(x) ** 2)

    x = np.linspace(0.0, 1.0, 4)
    plan = jac.plan(jac.grad(loss), x, order="search")
    H = jac.hessian(loss, plan=plan)(x)
    assert H.plan.multiplications == plan.multiplications
    np.testing.assert_allclose(H.to_array(), jac.hessian(loss, order="reverse")(x).to_array())


def test_a_plan_for_another_function_is_refused():
    plan = jac.plan(network, np.ones(4))
    with pytest.raises(jac.ArgumentError, match="jacobian: order is a plan for another graph, of 4 inner vertices"):
        _ = jac.jacobian(np.sin, plan=plan)(np.ones(4))
    with pytest.raises(jac.ArgumentError, match="jacobian: order is a plan for another graph"):
        _ = jac.jacobian(lambda x: network(x) * np.exp(x)[:3], plan=plan)(np.ones(4))


@pytest.mark.parametrize("order", [(1, 2), (1, 2, 3, 99), (1, 1, 2, 3, 4), ("a", 2, 3, 4), ()])
def test_vertices_that_are_none_are_refused_at_the_call(order):
    with pytest.raises(jac.ArgumentError, match="jacobian: order names the vertices"):
        _ = jac.jacobian(network, order=order, mode="lazy")(np.ones(4))
    with pytest.raises(jac.ArgumentError, match="plan: order names the vertices"):
        _ = jac.plan(network, np.ones(4), order=order)


def test_unknown_names():
    with pytest.raises(jac.ArgumentError, match='plan: order is \'best\'. Use "auto", "forward"'):
        _ = jac.plan(network, np.ones(4), order="best")
    with pytest.raises(jac.ArgumentError, match="jacobian: order is 'best'"):
        _ = jac.jacobian(network, order="best")
    with pytest.raises(jac.ArgumentError, match="plan: minimize is 'all'"):
        _ = jac.plan(network, np.ones(4), minimize="all")


@pytest.mark.parametrize("order", [*ORDERS, "search"])
def test_every_named_order_gives_the_jacobian(order):
    x = np.linspace(0.1, 1.0, 4)
    expected = jac.jacobian(network, order="reverse")(x).to_array()
    np.testing.assert_allclose(jac.jacobian(network, order=order)(x).to_array(), expected)
    H = jac.hessian(lambda x: np.sum(network(x)), order="auto" if order == "chain" else order)(x)
    np.testing.assert_allclose(H.to_array(), jac.hessian(lambda x: np.sum(network(x)))(x).to_array())


def test_the_second_call_plans_nothing(monkeypatch):
    def program(x, rate):
        return np.cumsum(x)[np.array([2, 0, 1])] * rate + np.tanh(np.ones((3, 3)) @ x)

    x = np.linspace(0.0, 1.0, 3)
    first = jac.jacobian(program)(x, 0.3).plan
    monkeypatch.setattr(choosing, "Forecast", None)
    assert jac.jacobian(program)(x + 1, 0.7).plan == first
    with pytest.raises(TypeError):
        _ = jac.jacobian(lambda x: program(x, 0.3) * x)(x).plan


def test_what_has_been_planned_is_not_planned_to_be_compiled(monkeypatch):
    """Recorded slopes have the form of computed ones: multiples of arrays, and the views that two terms share."""

    at = np.arange(9000) // 2

    def turned(x):
        seen = x[at]
        angle = np.sqrt(np.sum(seen**2, axis=1, keepdims=True))
        return np.cos(angle) * seen + np.sin(angle) * seen**2 / angle

    x = np.linspace(1.0, 2.0, 9000).reshape(4500, 2)
    expected = jac.jacobian(turned)(x).to_sparse()
    monkeypatch.setattr(choosing, "Forecast", None)
    found = jac.compile(lambda x: jac.jacobian(turned)(x).to_sparse())(x)
    assert abs(found - expected).max() < 1e-12


def test_results_of_several_parts_are_planned_as_one():
    def parts(x):
        y = np.sin(x)
        return np.sum(y), (np.outer(y, x), y)

    plan = jac.plan(parts, np.ones(3), order="search")
    assert plan.edge_multiplications == plan.lower_bound


# ------------------------------------------------------------------------------------------------------------- memory
def transformer(blocks, tokens, width):
    """The graph of a chain of blocks: tokens mixed, tanh, width mixed, tanh, both with residuals, then a loss."""
    graph = LinearGraph()
    shape = (tokens, width)

    def values(*labels):
        return Factor(np.broadcast_to(np.zeros(()), [label.size for label in labels]), labels)

    def after(*operands):
        vertex = graph.add_vertex(shape, FLOAT)
        for source, term in operands:
            graph.add_term(source, vertex, term)
        return vertex

    def mixing():
        s, t, i = Label(tokens), Label(tokens), Label(width)
        return Term(((s,), (i,)), ((t,), (i,)), (values(s, t),))

    def layer():
        s, i, j = Label(tokens), Label(width), Label(width)
        return Term(((s,), (i,)), ((s,), (j,)), (values(i, j),))

    def pointwise(carried=True):
        s, i = Label(tokens), Label(width)
        return Term(((s,), (i,)), ((s,), (i,)), (values(s, i),) if carried else ())

    x = graph.add_vertex(shape, FLOAT)
    for _ in range(blocks):
        for mixed in (mixing(), layer()):
            inner = after((after((x, mixed)), pointwise()))
            x = after((x, pointwise(False)), (inner, pointwise(False)))
    loss = graph.add_vertex((), FLOAT)
    s, i = Label(tokens), Label(width)
    graph.add_term(x, loss, Term((), ((s,), (i,)), (values(s, i),)))
    return SimpleNamespace(graph=graph, x=x, loss=loss)


def test_twelve_blocks_whose_forward_product_would_take_exabytes():
    chain = transformer(12, 2**15, 2**14)
    value = 2**29 * 8
    forward = plan_of(chain.graph, (0,), chain.loss, (), "forward")
    assert forward.largest_intermediate >= 10**18
    assert not forward.bounded
    plan = choose(chain.graph, (0,), chain.loss)
    assert plan.bounded
    assert plan.name == "reverse"
    assert plan.largest_intermediate <= 2 * value


def test_gradients_and_products_of_twelve_blocks_run():
    rng = np.random.default_rng(0)
    tokens, width = 16, 32
    A = [rng.normal(size=(tokens, tokens)) / tokens for _ in range(12)]
    W = [rng.normal(size=(width, width)) / width for _ in range(12)]

    def blocks(x):
        for mix, weights in zip(A, W, strict=True):
            x = x + np.tanh(mix @ x)
            x = x + np.tanh(x @ weights)
        return x

    def loss(x):
        return np.sum(blocks(x) ** 2)

    x, h = rng.normal(size=(2, tokens, width))
    reverse, forward = [jac.plan(loss, x, order=order) for order in ("auto", "forward")]
    assert reverse.bounded
    assert 2 * x.nbytes >= reverse.largest_intermediate
    assert forward.largest_intermediate >= x.size * x.nbytes
    gradient = jac.grad(loss)(x)
    step = (loss(x + 1e-5 * h) - loss(x - 1e-5 * h)) / 2e-5
    assert np.isclose(np.sum(gradient * h), step, rtol=1e-6)
    _, pull = jac.vjp(blocks, x)
    _, moved = jac.jvp(blocks, (x,), (h,))
    assert np.isclose(np.sum(pull(x)[0] * h), np.sum(moved * x), rtol=1e-10)


def test_a_bottleneck_between_wide_vertices_keeps_intermediates_small():
    """10 - 1000 - 5 - 1000 - 10: nothing larger than the weights of the bottleneck is formed."""
    sizes = [10, 1000, 5, 1000, 10]
    weights = [np.ones((n, m)) for m, n in itertools.pairwise(sizes)]

    def function(x):
        for W in weights:
            x = np.sin(W @ x)
        return x

    plans = {order: jac.plan(function, np.ones(10), order=order) for order in ("auto", "forward", "reverse", "chain")}
    assert (
        plans["auto"].largest_intermediate == min(plan.largest_intermediate for plan in plans.values()) == 5 * 1000 * 8
    )
    J = jac.jacobian(function)(np.ones(10))
    assert predict(J._body.graph, J._body.inputs, J._body.output, plans["auto"].order) == J.plan._replace(name="given")
