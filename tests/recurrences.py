"""Functions that repeat a step: what the tests of loops compile. Each takes the number of steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Sample = tuple[Callable[..., Any], tuple[np.ndarray, ...]]


def _numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape) + 7).standard_normal(shape)


def euler(steps: int) -> Sample:
    A = 0.3 * _numbers(4, 4)

    def final(x, p):
        for _ in range(steps):
            x = x + 0.01 * (np.tanh(A @ x) * p - x)
        return np.sum(x**2)

    return final, (_numbers(4), _numbers(4))


def runge_kutta(steps: int) -> Sample:
    def change(y, p):
        return np.stack([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    def final(y, p):
        h = 0.01
        for _ in range(steps):
            k1 = change(y, p)
            k2 = change(y + h / 2 * k1, p)
            k3 = change(y + h / 2 * k2, p)
            k4 = change(y + h * k3, p)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return np.sum(y**2)

    return final, (np.array([1.0, 2.0]), np.array([1.0, 0.5, 0.3, 0.8]))


def kalman(steps: int) -> Sample:
    data, A, C = _numbers(steps, 2), np.array([[1.0, 0.1], [0.0, 0.9]]), np.eye(2)

    def likelihood(q, r):
        m, P, total = np.zeros(2), np.eye(2), 0.0
        Q, R = np.diag(np.exp(q)), np.diag(np.exp(r))
        for y in data:
            m, P = A @ m, A @ P @ A.T + Q
            e, S = y - C @ m, C @ P @ C.T + R
            inverse = np.linalg.inv(S)
            total = total - 0.5 * (e @ inverse @ e) - 0.5 * np.log(np.linalg.det(S))
            K = P @ C.T @ inverse
            m, P = m + K @ e, P - K @ C @ P
        return total

    return likelihood, (np.array([0.1, 0.2]), np.array([-0.3, 0.4]))


def lstm(steps: int) -> Sample:
    """Two layers of 14 units with diagonal weights, and the loss of predicting the next input."""
    b, layers = 14, 2
    data, states = 0.5 * _numbers(steps + 1, b), 0.3 * _numbers(2 * layers, b)

    def gate(x, weight, bias, n):
        return 1 / (1 + np.exp(-(x * weight[n * b : (n + 1) * b] + bias[n * b : (n + 1) * b])))

    def loss(main, extra):
        state, total = list(states), 0.0
        for now, after in pairwise(data):
            y = now * extra[0]
            for n in range(0, 2 * layers, 2):
                weight, bias, hidden = main[n], main[n + 1], state[n]
                change = np.tanh(hidden * weight[3 * b :] + bias[3 * b :])
                memory = state[n + 1] * gate(y, weight, bias, 0) + gate(hidden, weight, bias, 1) * change
                y = gate(y, weight, bias, 2) * np.tanh(memory)
                state[n], state[n + 1] = y, memory
            guess = y * extra[1] + extra[2]
            total = total + np.sum(after * (guess - np.log(2 + np.sum(np.exp(guess)))))
        return -total / (steps * b)

    return loss, (0.3 * _numbers(2 * layers, 4 * b), 0.3 * _numbers(3, b))


def lstm_gradient(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the loss of `lstm`, written by hand."""
    loss, (main, extra) = lstm(steps)
    names = dict(zip(loss.__code__.co_freevars, [cell.cell_contents for cell in loss.__closure__ or ()], strict=True))
    data, states, b = names["data"], names["states"], 14
    W, B = main[::2].reshape(2, 4, b), main[1::2].reshape(2, 4, b)
    hidden, memory, kept = list(states[::2]), list(states[1::2]), []
    for now, after in pairwise(data):
        y, layers = now * extra[0], []
        for n in range(2):
            z = np.stack([y, hidden[n], y, hidden[n]]) * W[n] + B[n]
            f, i, o = 1 / (1 + np.exp(-z[:3]))
            g = np.tanh(z[3])
            layers.append((y, hidden[n], memory[n], f, i, o, g))
            memory[n] = memory[n] * f + i * g
            y = hidden[n] = o * np.tanh(memory[n])
        kept.append((now, after, y, layers, [*memory]))
    dW, dB, de = np.zeros_like(W), np.zeros_like(B), np.zeros_like(extra)
    dh, dc = np.zeros((2, b)), np.zeros((2, b))
    for now, after, y, layers, memory in reversed(kept):
        e = np.exp(y * extra[1] + extra[2])
        dguess = -(after - after.sum() / (2 + e.sum()) * e) / (steps * b)
        de[1] += dguess * y
        de[2] += dguess
        d = dguess * extra[1]
        for n in (1, 0):
            x, h, c, f, i, o, g = layers[n]
            t = np.tanh(memory[n])
            d = d + dh[n]
            m = dc[n] + d * o * (1 - t * t)
            dz = np.stack([m * c * f * (1 - f), m * g * i * (1 - i), d * t * o * (1 - o), m * i * (1 - g * g)])
            dB[n] += dz
            dW[n] += dz * np.stack([x, h, x, h])
            dz = dz * W[n]
            d, dh[n], dc[n] = dz[0] + dz[2], dz[1] + dz[3], m * f
        de[0] += d * now
    return np.stack([dW, dB], axis=1).reshape(4, 4 * b), de


def fixed_point(steps: int) -> Sample:
    def final(x, a):
        for _ in range(steps):
            x = np.cos(x * a)
        return x

    return final, (np.array(0.3), np.array(0.8))


def power_iteration(steps: int) -> Sample:
    start = _numbers(6)

    def quotient(A):
        v = start
        for _ in range(steps):
            w = A @ v
            v = w / np.sqrt(np.sum(w * w))
        return v @ A @ v

    A = _numbers(6, 6)
    return quotient, (A + A.T,)


def running_product(steps: int) -> Sample:
    def total(x):
        p, s = 1.0, 0.0
        for n in range(steps):
            p = p * x[n]
            s = s + np.sin(p)
        return s

    return total, (1 + 0.01 * _numbers(steps),)


def stacked(steps: int) -> Sample:
    A = 0.3 * _numbers(4, 4)

    def total(x):
        states = []
        for n in range(steps):
            x = np.tanh(A @ x) * (1 + 0.1 * n)
            states.append(x)
        return np.sum(np.stack(states) ** 2)

    return total, (_numbers(4),)


def multistep(steps: int) -> Sample:
    def final(x, a):
        before = earlier = np.sin(x * a)
        for _ in range(steps):
            now = np.sin(x * a)
            x = x + 0.1 * (1.5 * now - 0.5 * before + 0.01 * earlier)
            before, earlier = now, before
        return np.sum(x**2)

    return final, (np.array([0.3, 0.2]), np.array([0.8, 0.7]))


RECURRENCES = {
    function.__name__: function
    for function in (
        *(euler, runge_kutta, kalman, lstm, fixed_point, power_iteration, running_product, stacked, multistep),
    )
}
