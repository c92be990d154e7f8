"""Products and sums of Jacobians: each Jacobian in them is eliminated once, however often it stands there."""

from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.tensor import bundles, linking

RNG = np.random.default_rng(7)
A, X = RNG.standard_normal((6, 4)), RNG.standard_normal(4)


def model(x: Any) -> Any:
    return np.tanh(A @ x) * np.exp(x[0]) + np.sin(A @ (x * x)) / x[1]


def nest(t: dict[str, Any]) -> dict[str, Any]:
    return {"u": np.tanh(t["a"] @ t["b"]), "v": np.sin(t["a"]) * np.sum(t["b"])}


def by_complex_steps(function: Any, x: np.ndarray) -> np.ndarray:
    return np.stack([np.imag(function(x + 1e-30j * e)) / 1e-30 for e in np.eye(x.size)], axis=1)


D = by_complex_steps(model, X)
M = RNG.standard_normal((6, 6))
PRODUCTS = {
    "gauss-newton": (lambda J: J.T @ J, D.T @ D),
    "kernel": (lambda J: J @ J.T, D @ D.T),
    "damped": (lambda J: J.T @ J * 2 + jac.Jacobian.identity((4,)), 2 * D.T @ D + np.eye(4)),
    "weighted": (lambda J: J.T @ jac.Jacobian.from_array(M, 1) @ J, D.T @ M @ D),
    "longer": (lambda J: (J.T @ J).T @ (J.T @ J), D.T @ D @ D.T @ D),
    "sum": (lambda J: (J + J).T @ (J - 3 * J), -4 * D.T @ D),
}


@pytest.fixture
def long_eliminations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the graphs that are eliminated, those of a few Jacobians with one edge each left out."""
    found: list[int] = []

    def counted(function: Any) -> Any:
        def run(graph: Any, *rest: Any, **options: Any) -> Any:
            found.extend([len(graph)] if sum(len(edges) for edges in graph.into) > 11 else [])
            return function(graph, *rest, **options)

        return run

    for module, name in ((linking, "eliminate"), (bundles, "eliminate_several")):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    return found


@pytest.mark.parametrize("mode", ["auto", "explicit", "lazy"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_and_sums(name: str, mode: str, long_eliminations: list[int]):
    product, expected = PRODUCTS[name]
    J = jac.jacobian(model, mode=mode)(X)
    np.testing.assert_allclose(product(J).to_array(), expected, rtol=1e-12, atol=1e-12)
    assert len(long_eliminations) == 1
    if mode != "lazy":
        np.testing.assert_allclose(J.to_array(), D, rtol=1e-12)
        assert len(long_eliminations) == 1


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_with_vectors_eliminate_nothing(name: str, long_eliminations: list[int]):
    product, expected = PRODUCTS[name]
    h = RNG.standard_normal(expected.shape[1])
    np.testing.assert_allclose(product(jac.jacobian(model)(X)) @ h, expected @ h, rtol=1e-11)
    assert not long_eliminations


def test_what_was_asked_for_between():
    """The terms of J are there by the time the product needs them; the product was written before."""
    J = jac.jacobian(model)(X)
    G = J.T @ J
    np.testing.assert_allclose(J.to_array(), D, rtol=1e-12)
    np.testing.assert_allclose(G.to_array(), D.T @ D, rtol=1e-12)


def test_blocks_of_nests(long_eliminations: list[int]):
    point = {"a": RNG.standard_normal((3, 2)), "b": RNG.standard_normal((2, 2))}
    names, sizes = ["a", "b"], [6, 4]

    def flat(x: Any) -> Any:
        found = nest({"a": x[:6].reshape(3, 2), "b": x[6:].reshape(2, 2)})
        return np.concatenate([found["u"].ravel(), found["v"].ravel()])

    dense = by_complex_steps(flat, np.concatenate([point[name].ravel() for name in names]))
    J = jac.jacobian(nest)(point)
    np.testing.assert_allclose((J.T @ J).to_matrix(), dense.T @ dense, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose((J @ J.T + J @ J.T).to_matrix(), 2 * dense @ dense.T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(J.to_matrix(), dense, rtol=1e-12, atol=1e-12)
    assert len(long_eliminations) == 1
    left, right = np.split(dense, np.cumsum(sizes)[:-1], axis=1)
    mixed = (J.T["a"] @ J.T["b"].T).to_matrix()
    np.testing.assert_allclose(mixed, left.T @ right, rtol=1e-12, atol=1e-12)


def test_outputs_on_the_way_to_others():
    """An output that is used further, and one that is an input."""

    def f(x: Any) -> Any:
        y = np.exp(A @ x)
        return {"x": x, "y": y, "z": np.sin(y)}

    J = jac.jacobian(f)(X)
    dense = by_complex_steps(lambda x: np.concatenate([x, np.exp(A @ x), np.sin(np.exp(A @ x))]), X)
    np.testing.assert_allclose((J.T @ J).to_matrix(), dense.T @ dense, rtol=1e-12)


def test_complex_jacobians():
    def f(z: Any) -> Any:
        return np.abs(A @ z) ** 2 + np.real(np.exp(A @ np.conj(z)))

    z, h = X + 1j * RNG.standard_normal(4), RNG.standard_normal(6)
    J = jac.jacobian(f)(z)
    dense = np.stack([J @ (J.T @ e) for e in np.eye(6)], axis=1)
    np.testing.assert_allclose((J @ J.T).to_array(), dense, rtol=1e-12)
    np.testing.assert_allclose((J @ J.T) @ h, dense @ h, rtol=1e-12)


def test_compiled_gauss_newton_makes_the_jacobian_once():
    jacobian = jac.jacobian(model)

    def step(x: Any) -> Any:
        J = jacobian(x)
        return (J.T @ J).to_array(), model(x) @ J.to_array()

    compiled = jac.compile(step)
    found = compiled(X)
    np.testing.assert_allclose(found[0], D.T @ D, rtol=1e-12)
    np.testing.assert_allclose(found[1], model(X) @ D, rtol=1e-12)
    assert compiled.source.count("np.cos") == 1
    assert compiled.source.count(".dot(") + compiled.source.count("@") == 4
