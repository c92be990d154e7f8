"""Curvature of networks: the tangent kernel, and the generalised Gauss-Newton matrix's diagonal and product."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import along, difference, random_like
from .networks import CLASSIFIER, TINY, backpropagate, batches, data, forward, logits, softmax, widths_of

__all__ = ["PROBLEMS"]


def cross_entropy(Z: Any, T: Any) -> Any:
    """The mean loss as a function of the logits."""
    return np.mean(np.log(np.sum(np.exp(Z), axis=1)) - np.sum(T * Z, axis=1))


def class_deltas(Z: np.ndarray) -> np.ndarray:
    """One unit vector of each class for each example, shape (classes, batch, classes)."""
    batch, classes = Z.shape
    return np.broadcast_to(np.eye(classes)[:, None, :], (classes, batch, classes))


def make_kernel(batch: int, **sizes: int) -> Case:
    X, _, *weights = data(batch, widths_of(**sizes))
    arguments = (X, *weights)
    argnums = tuple(range(1, len(arguments)))
    f = logits(np)
    jacobian = jac.jacobian(f, argnums=argnums)

    def ours(*arguments):
        return reduce(add, [J @ J.T for J in jacobian(*arguments)]).to_array()

    def hand(X, *weights):
        # d Z[b, o] / d W[i, j] = A[b, i] D[o, b, j]: the kernel is (A A.T + 1) * (D D.T), layer by layer.
        activations = forward(X, weights)
        batch, classes = activations[-1].shape
        deltas = backpropagate(class_deltas(activations[-1]), activations, weights)
        kernel = np.empty(0)
        for A, D in zip(activations[:-2], deltas[:-1], strict=True):
            rows = D.transpose(1, 0, 2).reshape(batch * classes, -1)
            part = (rows @ rows.T).reshape(batch, classes, batch, classes)
            part *= (A @ A.T + 1)[:, None, :, None]
            kernel = part if not kernel.size else np.add(kernel, part, out=kernel)
        np.einsum("boco->boc", kernel)[...] += (activations[-2] @ activations[-2].T + 1)[:, None, :]
        return kernel

    def check(found: Any) -> float:
        """Columns of the kernel: the network's derivative along the gradient of one logit."""
        worst = difference(np.shape(found), (*f(*arguments).shape, *f(*arguments).shape))
        if worst:
            return float("inf")
        for example, logit in ((0, 0), (batch - 1, 1), (batch // 2, 1)):
            activations = forward(X, weights)
            unit = np.zeros_like(activations[-1])
            unit[example, logit] = 1
            deltas = backpropagate(unit, activations, weights)
            pairs = zip(activations, deltas, strict=False)
            direction = [g for A, d in pairs for g in (A.T @ d, d.sum(axis=0))]
            slope = random_like(direction, 0)  # the gradient itself, seen from a random direction
            inner = sum(np.sum(g * h) for g, h in zip(direction, slope, strict=True))
            worst = max(worst, difference(inner, along(f, arguments, argnums, slope)[example, logit]))
            column = along(f, arguments, argnums, direction)
            worst = max(worst, difference(found[:, :, example, logit], column))
        return worst

    return Case(
        "kernel",
        logits,
        arguments,
        argnums=argnums,
        ours=ours,
        hand=hand,
        check=check,
        plan=lambda: [J @ J.T for J in jacobian(*arguments)],
        data={"widths": widths_of(**sizes)},
    )


def gauss_newton(arguments: tuple[Any, ...], argnums: tuple[int, ...], left: Any, right: Any) -> float:
    """``(J left) . H (J right)``, H the Hessian of the mean cross-entropy for the logits, J by complex steps."""
    f = logits(np)
    X, _, *weights = arguments
    P = softmax(f(X, *weights))
    inner, outer = (along(f, (X, *weights), tuple(n - 1 for n in argnums), v) for v in (left, right))
    curved = P * outer - P * np.sum(P * outer, axis=1, keepdims=True)
    return float(np.sum(inner * curved) / len(X))


def ours_hessian(Z: Any, T: Any) -> Any:
    """The Hessian of the loss for the logits, of shape (batch, classes, batch, classes), held by its structure."""
    return jac.hessian(cross_entropy)(Z, T)


def make_diagonal(batch: int, **sizes: int) -> Case:
    arguments = data(batch, widths_of(**sizes))
    argnums = tuple(range(2, len(arguments)))
    f = logits(np)
    value_and_jacobian = jac.value_and_jacobian(f, argnums=tuple(n - 1 for n in argnums))

    def matrices(X, T, *weights):
        Z, Js = value_and_jacobian(X, *weights)
        H = ours_hessian(Z, T)
        return [J.T @ H @ J for J in Js]

    def ours(X, T, *weights):
        Z, Js = value_and_jacobian(X, *weights)
        H = ours_hessian(Z, T)
        return tuple([(J.T @ H @ J).diagonal() for J in Js])

    def hand(X, T, *weights):
        # H = S S.T with S[:, o] = sqrt(p_o) (e_o - p): the columns of S are propagated back, squared, and summed.
        activations = forward(X, weights)
        P = softmax(activations[-1])
        roots = np.sqrt(P / len(X))
        S = -roots.T[:, :, None] * P
        np.einsum("obo->bo", S)[...] += roots
        deltas = backpropagate(S, activations, weights)
        result = []
        for A, D in zip(activations, deltas, strict=False):
            squares = np.einsum("obj,obj->bj", D, D)
            result += [(A * A).T @ squares, squares.sum(axis=0)]
        return tuple(result)

    def check(found: Any) -> float:
        inputs = [arguments[n] for n in argnums]
        if [np.shape(g) for g in found] != [np.shape(x) for x in inputs]:
            return float("inf")
        rng = np.random.default_rng(0)
        seen, expected = [], []
        for k, x in enumerate(inputs):
            entries, values = [], []
            for position in rng.choice(x.size, min(x.size, 6), replace=False):
                unit = [np.zeros_like(y) for y in inputs]
                unit[k].flat[position] = 1
                entries.append(np.ravel(found[k])[position])
                values.append(gauss_newton(arguments, argnums, unit, unit))
            scale = max(map(abs, values)) or 1.0
            seen.append(np.array(entries) / scale)
            expected.append(np.array(values) / scale)
        return difference(np.concatenate(seen), np.concatenate(expected))

    return Case(
        "gauss-newton diagonal",
        logits,
        arguments,
        argnums=argnums,
        ours=ours,
        hand=hand,
        check=check,
        plan=lambda: matrices(*arguments),
        data={"widths": widths_of(**sizes)},
    )


def make_product(batch: int, **sizes: int) -> Case:
    point = data(batch, widths_of(**sizes))
    argnums = tuple(range(2, len(point)))
    directions = random_like([point[n] for n in argnums], 5)
    arguments = (*point, *directions)
    f = logits(np)
    count = len(argnums)

    def ours(X, T, *rest):
        weights, vectors = rest[:count], rest[count:]
        Z, tangent = jac.jvp(lambda *w: f(X, *w), weights, vectors)
        _, pullback = jac.vjp(lambda *w: f(X, *w), *weights)
        return pullback(ours_hessian(Z, T) @ tangent)

    def planned():
        """Of the pullback of a cotangent, the longer half of the product."""
        X, T, *_ = point
        cotangent = np.ones_like(T)
        within = tuple(n - 1 for n in argnums)
        return jac.plan(lambda *inputs: np.sum(cotangent * f(*inputs)), X, *point[2:], argnums=within, order="reverse")

    def hand(X, T, *rest):
        weights, vectors = rest[:count], rest[count:]
        activations = forward(X, weights)
        P = softmax(activations[-1])
        tangent = None
        for layer, A in enumerate(activations[:-1]):
            pushed = A @ vectors[2 * layer]
            pushed += vectors[2 * layer + 1]
            if tangent is not None:
                tangent *= 1 - A * A
                pushed += tangent @ weights[2 * layer]
            tangent = pushed
        u = P * tangent
        u -= P * u.sum(axis=1, keepdims=True)
        u /= len(X)
        deltas = backpropagate(u, activations, weights)
        return tuple([g for A, d in zip(activations, deltas, strict=False) for g in (A.T @ d, d.sum(axis=0))])

    def check(found: Any) -> float:
        if [np.shape(g) for g in found] != [np.shape(v) for v in directions]:
            return float("inf")
        seen, expected = [], []
        for seed in range(4):
            probe = random_like(directions, seed)
            seen.append(sum(np.sum(g * h) for g, h in zip(found, probe, strict=True)))
            expected.append(gauss_newton(point, argnums, probe, directions))
        return difference(np.array(seen), np.array(expected))

    return Case(
        "gauss-newton product",
        logits,
        arguments,
        argnums=argnums,
        ours=ours,
        hand=hand,
        check=check,
        plan=planned,
        data={"widths": widths_of(**sizes), "count": count},
    )


KERNEL = {"inputs": 256, "hidden": 256, "second": 256, "classes": 10}

PROBLEMS = (
    Problem(
        "tangent-kernel",
        "MLP 256-256-256-10: full tangent kernel",
        make_kernel,
        full=batches(128, network=KERNEL),
        small=batches(3, network=TINY),
        targets=(Target(1.0),),
    ),
    Problem(
        "gauss-newton-diagonal",
        "MLP 784-256-64-10: diagonal of the Gauss-Newton matrix",
        make_diagonal,
        full=batches(128, network=CLASSIFIER),
        small=batches(3, network=TINY),
        targets=(Target(1.1),),
    ),
    Problem(
        "gauss-newton-product",
        "MLP 784-256-64-10: product with the Gauss-Newton matrix",
        make_product,
        full=batches(128, network=CLASSIFIER),
        small=batches(3, network=TINY),
        targets=(Target(1.1),),
    ),
)
