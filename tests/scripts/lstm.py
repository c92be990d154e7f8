"""A recurrent network with long short-term memory, run over a sequence, and its mean squared error."""

import numpy as np


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2) + 1)


def cell(W, b, x, h, c):
    gates = np.concatenate([x, h], axis=1) @ W + b
    i, f, o, g = np.split(gates, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def loss(W, b, V, sequence, targets):
    """Sequences of shape (steps, batch, inputs); the network predicts targets of shape (steps, batch)."""
    _, batch, _ = sequence.shape
    h = np.zeros((batch, W.shape[1] // 4), dtype=W.dtype)
    c = np.zeros_like(h)
    total = 0
    for x, y in zip(sequence, targets, strict=True):
        h, c = cell(W, b, x, h, c)
        total += ((h @ V - y) ** 2).mean()
    return total / len(sequence)
