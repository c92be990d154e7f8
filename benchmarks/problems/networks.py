"""Networks of dense layers with tanh: Jacobian for the inputs, gradient of the loss, gradients of each example.

Logits ``Z = network(X)`` of any depth, the softmax cross-entropy as loss. `curvature` asks more of the same network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_block_jacobian, check_gradient, check_jacobian, difference

__all__ = [
    "CLASSIFIER",
    "PROBLEMS",
    "TINY",
    "backpropagate",
    "batches",
    "data",
    "forward",
    "logits",
    "softmax",
    "widths_of",
]


def logits(np: Any) -> Any:
    """``f(X, W1, b1, W2, b2, ...)`` of a batch X."""

    def network(X, *parameters):
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            X = np.tanh(X @ W + b)
        return X @ parameters[-2] + parameters[-1]

    return network


def losses(np: Any) -> Any:
    """``f(X, T, W1, b1, ...)``: the cross-entropy of each example, T its label as a row of zeros and a one."""
    network = logits(np)

    def f(X, T, *parameters):
        Z = network(X, *parameters)
        return np.log(np.sum(np.exp(Z), axis=1)) - np.sum(T * Z, axis=1)

    return f


def mean_loss(np: Any) -> Any:
    each = losses(np)

    def f(X, T, *parameters):
        return np.mean(each(X, T, *parameters))

    return f


def parameters(widths: Sequence[int], rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Weights and biases of each layer."""
    arrays = []
    for inner, outer in pairwise(widths):
        arrays += [rng.standard_normal((inner, outer)) / inner**0.5, 0.1 * rng.standard_normal(outer)]
    return tuple(arrays)


def data(batch: int, widths: Sequence[int]) -> tuple[np.ndarray, ...]:
    """``X, T, W1, b1, ...``, seeded."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((batch, widths[0]))
    T = np.eye(widths[-1])[rng.integers(widths[-1], size=batch)]
    return X, T, *parameters(widths, rng)


def widths_of(inputs: int, hidden: int, second: int, classes: int) -> tuple[int, ...]:
    return inputs, hidden, second, classes


def softmax(Z: np.ndarray) -> np.ndarray:
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    E /= E.sum(axis=1, keepdims=True)
    return E


def forward(X: np.ndarray, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The input of each layer, and the logits at the end."""
    activations = [X]
    for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        Z = activations[-1] @ W
        Z += b
        activations.append(np.tanh(Z, out=Z))
    Z = activations[-1] @ weights[-2]
    Z += weights[-1]
    return [*activations, Z]


def backpropagate(
    delta: np.ndarray, activations: Sequence[np.ndarray], weights: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The derivative for the result of each layer before tanh, first layer first, from that of the logits.

    `delta` has shape (batch, classes), or (rows, batch, classes) for several at once.
    """
    deltas = [delta]
    for W, A in zip(weights[-2:1:-2], activations[-2:0:-1], strict=True):
        delta = deltas[-1] @ W.T
        delta *= 1 - A * A
        deltas.append(delta)
    return deltas[::-1]


def make_blocks(batch: int, **sizes: int) -> Case:
    X, _, *weights = data(batch, widths_of(**sizes))
    arguments = (X, *weights)
    f = logits(np)
    jacobian = jac.jacobian(f)

    def hand(X, *weights):
        activations = forward(X, weights)
        J = np.broadcast_to(weights[-2].T, (len(X), *weights[-2].T.shape))
        for W, A in zip(weights[-4::-2], activations[-2:0:-1], strict=True):
            J = (J * (1 - A * A)[:, None, :]).reshape(-1, A.shape[1]) @ W.T
            J = J.reshape(len(X), -1, W.shape[0])
        return J

    return Case(
        "blocks",
        logits,
        arguments,
        ours=lambda *arguments: jacobian(*arguments).diagonal_blocks(),
        hand=hand,
        check=lambda found: check_block_jacobian(f, arguments, 0, found),
        plan=lambda: jacobian(*arguments),
    )


def make_gradient(batch: int, **sizes: int) -> Case:
    arguments = data(batch, widths_of(**sizes))
    argnums = tuple(range(2, len(arguments)))
    f = mean_loss(np)

    def hand(X, T, *weights):
        activations = forward(X, weights)
        delta = softmax(activations[-1])
        delta -= T
        delta /= len(X)
        deltas = backpropagate(delta, activations, weights)
        return tuple(
            [g for A, delta in zip(activations, deltas, strict=False) for g in (A.T @ delta, delta.sum(axis=0))]
        )

    return Case(
        "gradient",
        mean_loss,
        arguments,
        argnums=argnums,
        ours=jac.grad(f, argnums=argnums),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, argnums, found),
        plan=lambda: jac.plan(f, *arguments, argnums=argnums, order="reverse"),
        data={"widths": widths_of(**sizes)},
    )


def make_examples(batch: int, **sizes: int) -> Case:
    arguments = data(batch, widths_of(**sizes))
    argnums = tuple(range(2, len(arguments)))
    f = losses(np)
    jacobian = jac.jacobian(f, argnums=argnums)

    def hand(X, T, *weights):
        activations = forward(X, weights)
        deltas = backpropagate(softmax(activations[-1]) - T, activations, weights)
        pairs = zip(activations, deltas, strict=False)
        return tuple([g for A, delta in pairs for g in (A[:, :, None] * delta[:, None, :], delta)])

    return Case(
        "jacobians",
        losses,
        arguments,
        argnums=argnums,
        ours=lambda *arguments: tuple([J.to_array() for J in jacobian(*arguments)]),
        hand=hand,
        check=lambda found: check_gradient(f, arguments, argnums, found),
        plan=lambda: jacobian(*arguments),
        data={"widths": widths_of(**sizes), "examples": True},
    )


def make_norms(batch: int, **sizes: int) -> Case:
    arguments = data(batch, widths_of(**sizes))
    argnums = tuple(range(2, len(arguments)))
    f = losses(np)
    jacobian = jac.jacobian(f, argnums=argnums)

    def ours(*arguments):
        return np.sqrt(sum((J @ J.T).diagonal() for J in jacobian(*arguments)))

    def hand(X, T, *weights):
        activations = forward(X, weights)
        deltas = backpropagate(softmax(activations[-1]) - T, activations, weights)
        squares = np.zeros(len(X))
        for A, delta in zip(activations, deltas, strict=False):
            squares += (np.vecdot(A, A) + 1) * np.vecdot(delta, delta)
        return np.sqrt(squares)

    def check(found: Any) -> float:
        """Of a few examples: their gradients by backpropagation, themselves compared with complex steps."""
        X, T, *weights = arguments
        chosen = slice(0, 4)
        few = (X[chosen], T[chosen], *weights)
        activations = forward(few[0], weights)
        deltas = backpropagate(softmax(activations[-1]) - few[1], activations, weights)
        pairs = zip(activations, deltas, strict=False)
        gradients = [g for A, d in pairs for g in (np.einsum("bi,bj->bij", A, d), d)]
        wrong = check_gradient(f, few, argnums, tuple(gradients))
        norms = np.sqrt(sum(np.sum(g.reshape(len(g), -1) ** 2, axis=1) for g in gradients))
        return max(wrong, difference(found[chosen], norms), difference(np.shape(found), (len(X),)))

    return Case(
        "norms",
        losses,
        arguments,
        argnums=argnums,
        ours=ours,
        hand=hand,
        check=check,
        plan=lambda: [J @ J.T for J in jacobian(*arguments)],
        data={"widths": widths_of(**sizes)},
    )


def narrow(np: Any) -> Any:
    def f(x, Ws):
        for layer in range(len(Ws)):
            x = np.tanh(Ws[layer] @ x)
        return x

    return f


def make_narrow(depth: int, width: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (rng.standard_normal(width), rng.standard_normal((depth, width, width)) / width**0.5)
    f = narrow(np)
    jacobian = jac.jacobian(f)

    def hand(x, Ws):
        J = None
        for W in Ws:
            x = np.tanh(W @ x)
            slope = (1 - x * x)[:, None]
            J = slope * W if J is None else slope * (W @ J)
        return J

    return Case(
        "jacobian",
        narrow,
        arguments,
        ours=lambda x, Ws: jacobian(x, Ws).to_array(),
        hand=hand,
        check=lambda found: check_jacobian(f, arguments, 0, found),
        plan=lambda: jacobian(*arguments),
    )


CLASSIFIER = {"inputs": 784, "hidden": 256, "second": 64, "classes": 10}
TINY = {"inputs": 5, "hidden": 4, "second": 3, "classes": 2}


def batches(*sizes: int, network: dict[str, int]) -> dict[str, dict[str, int]]:
    return {f"batch {n}": {"batch": n, **network} for n in sizes}


full, small = partial(batches, network=CLASSIFIER), batches(3, network=TINY)

PROBLEMS = (
    Problem(
        "mlp-blocks",
        "MLP 784-256-64-10: Jacobian for the inputs, batch blocks",
        make_blocks,
        full=full(64, 256),
        small=small,
        targets=(Target(1.05),),
    ),
    Problem(
        "mlp-gradient",
        "MLP 784-256-64-10: gradient of the loss",
        make_gradient,
        full=full(64, 512),
        small=small,
        targets=(Target(1.1, "jax"),),
    ),
    Problem(
        "mlp-examples",
        "MLP 784-256-64-10: gradients of each example",
        make_examples,
        full=full(64),
        small=small,
        targets=(Target(1.1),),
    ),
    Problem(
        "mlp-norms",
        "MLP 784-256-64-10: norms of the gradients of each example",
        make_norms,
        full=full(256),
        small=small,
        targets=(Target(1.1),),
    ),
    Problem(
        "narrow",
        "deep narrow network: Jacobian for the input",
        make_narrow,
        full={"40 x 32": {"depth": 40, "width": 32}},
        small={"3 x 4": {"depth": 3, "width": 4}},
        targets=(Target(1.2),),
    ),
)
