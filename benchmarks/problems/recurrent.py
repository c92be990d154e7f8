"""A recurrent network (ADBench LSTM, whose weight matrices are diagonal): the gradient through many small steps."""

from __future__ import annotations

from typing import Any

import numpy as np

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_gradient

__all__ = ["PROBLEMS"]


def recurrent_loss(np: Any) -> Any:
    """``f(main, extra, state, sequence)``; for each layer, main holds a row of weights and a row of biases."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def step(weight, bias, hidden, cell, x):
        b = hidden.shape[0]
        gates = np.concatenate([x, hidden, x, hidden]) * weight + bias
        forget, ingate, outgate = sigmoid(gates[:b]), sigmoid(gates[b : 2 * b]), sigmoid(gates[2 * b : 3 * b])
        cell = cell * forget + ingate * np.tanh(gates[3 * b :])
        return outgate * np.tanh(cell), cell

    def f(main, extra, state, sequence):
        layers = main.shape[0] // 2
        hidden, cell = [state[2 * n] for n in range(layers)], [state[2 * n + 1] for n in range(layers)]
        total = 0.0
        for t in range(sequence.shape[0] - 1):
            x = sequence[t] * extra[0]
            for n in range(layers):
                hidden[n], cell[n] = step(main[2 * n], main[2 * n + 1], hidden[n], cell[n], x)
                x = hidden[n]
            predicted = x * extra[1] + extra[2]
            normalised = predicted - np.log(np.sum(np.exp(predicted)) + 2)
            total = total + np.sum(sequence[t + 1] * normalised)
        return -total / ((sequence.shape[0] - 1) * sequence.shape[1])

    return f


def make(steps: int, layers: int, bits: int) -> Case:
    rng = np.random.default_rng(0)
    arguments = (
        rng.uniform(-1, 1, (2 * layers, 4 * bits)),
        rng.uniform(-1, 1, (3, bits)),
        rng.uniform(-1, 1, (2 * layers, bits)),
        (rng.uniform(0, 1, (steps, bits)) < 0.5).astype(float),
    )
    f = recurrent_loss(np)
    return Case(
        "gradient",
        recurrent_loss,
        arguments,
        argnums=(0, 1),
        ours=jac.grad(f, argnums=(0, 1)),
        hand=by_hand,
        check=lambda found: check_gradient(f, arguments, (0, 1), found),
        plan=lambda: jac.plan(f, *arguments, argnums=(0, 1), order="reverse"),
        data={"scan": True},
    )


def by_hand(
    main: np.ndarray, extra: np.ndarray, state: np.ndarray, sequence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Backpropagation through time: only what must be sequential is in the loops, the rest is done for all steps."""
    layers, b = len(main) // 2, sequence.shape[1]
    steps = len(sequence) - 1
    weight, bias = main[::2], main[1::2]
    inputs = np.empty((layers, steps, 4 * b))  # x, hidden, x, hidden
    gates = np.empty((layers, steps, 4 * b))
    cells = np.empty((layers, steps + 1, b))
    tops = np.empty((layers, steps, b))  # tanh of the new cell
    hidden = state[::2].copy()
    cells[:, 0] = state[1::2]
    below = sequence[:-1] * extra[0]
    last = np.empty((steps, b))
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, so that one call serves all four gates.
    half = np.r_[np.full(3 * b, 0.5), np.ones(b)]
    weight_half, bias_half, offset = weight * half, bias * half, np.r_[np.full(3 * b, 0.5), np.zeros(b)]
    for t in range(steps):
        x = below[t]
        for n in range(layers):
            row, gate, top = inputs[n, t], gates[n, t], tops[n, t]
            row[:b] = row[2 * b : 3 * b] = x
            row[b : 2 * b] = row[3 * b :] = hidden[n]
            np.multiply(row, weight_half[n], out=gate)
            gate += bias_half[n]
            np.tanh(gate, out=gate)
            gate *= half
            gate += offset
            cell = cells[n, t + 1]
            np.multiply(cells[n, t], gate[:b], out=cell)
            cell += gate[b : 2 * b] * gate[3 * b :]
            np.tanh(cell, out=top)
            x = np.multiply(gate[2 * b : 3 * b], top, out=hidden[n])
        last[t] = x

    predicted = last * extra[1] + extra[2]
    E = np.exp(predicted)
    gold = sequence[1:]
    scale = -1 / (steps * b)
    # d/dy sum(gold * (y - log(sum(exp(y)) + 2)))
    d_predicted = gold - E * (gold.sum(axis=1) / (E.sum(axis=1) + 2))[:, None]
    d_predicted *= scale
    d_last = d_predicted * extra[1]

    # The slopes of all gates at all steps, so that the loop back only multiplies and adds.
    forget, ingate, outgate, change = (gates[:, :, k * b : (k + 1) * b] for k in range(4))
    to_cell = np.concatenate(
        [
            cells[:, :-1] * forget * (1 - forget),
            change * ingate * (1 - ingate),
            np.zeros_like(forget),
            ingate * (1 - change * change),
        ],
        axis=2,
    )
    through = outgate * (1 - tops * tops)
    to_hidden = tops * outgate * (1 - outgate)
    d_gates = np.empty((layers, steps, 4 * b))
    d_cell, d_hidden = np.zeros((layers, b)), np.zeros((layers, b))
    d_below = np.empty((steps, b))
    to_cell = to_cell.reshape(layers, steps, 4, b)
    split = d_gates.reshape(layers, steps, 4, b)
    for t in range(steps - 1, -1, -1):
        d_x = d_last[t]
        for n in range(layers - 1, -1, -1):
            d_h = d_hidden[n] + d_x
            d_c = d_cell[n]
            d_c += d_h * through[n, t]
            np.multiply(to_cell[n, t], d_c, out=split[n, t])
            np.multiply(d_h, to_hidden[n, t], out=split[n, t, 2])
            d_c *= forget[n, t]
            back = d_gates[n, t] * weight[n]
            d_x = back[:b] + back[2 * b : 3 * b]
            np.add(back[b : 2 * b], back[3 * b :], out=d_hidden[n])
        d_below[t] = d_x

    d_main = np.empty_like(main)
    np.einsum("lts,lts->ls", d_gates, inputs, out=d_main[::2])
    d_gates.sum(axis=1, out=d_main[1::2])
    d_extra = np.stack(
        [
            np.einsum("tb,tb->b", d_below, sequence[:-1]),
            np.einsum("tb,tb->b", d_predicted, last),
            d_predicted.sum(axis=0),
        ]
    )
    return d_main, d_extra


PROBLEMS = (
    Problem(
        "lstm",
        "LSTM with diagonal weights (ADBench), gradient",
        make,
        full={"1024 steps": {"steps": 1024, "layers": 2, "bits": 14}},
        small={"4 steps": {"steps": 4, "layers": 2, "bits": 3}},
        targets=(Target(2.0),),
    ),
)
