"""Hidden states: filters and sums over all paths, forwards through a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def kalman(np: Any, F: Any, q: Any, y: Any, h: Any, r: Any) -> Any:
    """Kalman filter, gradient for transition and noise."""
    Q = np.diag(q)
    x, P, total = np.zeros(len(h)), np.eye(len(h)), 0.0
    for t in range(len(y)):
        x = F @ x
        P = F @ P @ F.T + Q
        u = P @ h
        S = h @ u + r
        v = y[t] - h @ x
        total = total + np.log(S) + v**2 / S
        x = x + u * (v / S)
        P = P - np.outer(u, u) / S
    return total


def kalman_data(rng: np.random.Generator, n: int, size: int) -> tuple[Any, ...]:
    F = 0.8 * np.linalg.qr(rng.standard_normal((size, size)))[0]
    return F, np.full(size, 0.1), rng.standard_normal(n), rng.standard_normal(size), 0.5


def kalman_by_hand(F: Any, q: Any, y: Any, h: Any, r: Any) -> Any:
    Q = np.diag(q)
    size = len(h)
    x, P = np.zeros(size), np.eye(size)
    before, kept = [], []
    for value in y.tolist():
        before.append((x, P))
        x = F @ x
        P = F @ P @ F.T
        P += Q
        u = P @ h
        S = float(h @ u) + r
        v = value - float(h @ x)
        kept.append((u, S, v))
        K = u / S
        x += v * K
        P -= u[:, None] * K
    gx, gP = np.zeros(size), np.zeros((size, size))
    gF, gq = np.zeros((size, size)), np.zeros(size)
    for (x, P), (u, S, v) in zip(reversed(before), reversed(kept), strict=True):
        w = v / S
        Pu = gP @ u
        gxu = float(gx @ u)
        gS = (1 - gxu * w + float(u @ Pu) / S) / S - w * w
        gu = w * gx
        gu -= (2 / S) * Pu
        gu += gS * h
        gx -= (gxu / S + 2 * w) * h
        half = gu[:, None] * (0.5 * h)
        gP = gP + half
        gP += half.T
        gq += gP.diagonal()
        gPF = gP @ F
        gF += gx[:, None] * x
        gF += 2 * (gPF @ P)
        gx = gx @ F
        gP = F.T @ gPF
    return gF, gq


def hidden_markov(np: Any, A: Any, B: Any, symbols: Any) -> Any:
    """Hidden Markov model, gradient for transitions and emissions."""
    E = B.T[symbols]
    forward, total = E[0] / A.shape[0], 0.0
    for t in range(1, E.shape[0]):
        forward = (forward @ A) * E[t]
        scale = np.sum(forward)
        total = total + np.log(scale)
        forward = forward / scale
    return total


def hidden_markov_data(rng: np.random.Generator, n: int, states: int, kinds: int) -> tuple[Any, ...]:
    A, B = rng.random((states, states)), rng.random((states, kinds))
    return A, B, rng.integers(0, kinds, n)


def hidden_markov_by_hand(A: Any, B: Any, symbols: Any) -> Any:
    n, states, kinds = len(symbols), *B.shape
    E = B.T[symbols]
    forward = np.empty((n, states))
    forward[0] = E[0] / states
    scales = []
    for t in range(1, n):
        a = forward[t]
        np.dot(forward[t - 1], A, out=a)
        a *= E[t]
        scales.append(float(a.sum()))
        a /= scales[-1]
    # The sums of all paths from here on, over the scales: a @ back is one at each step but that of the last sum.
    back = np.empty((n, states))
    back[-1] = 1 / scales[-1]
    seen = np.empty((n - 1, states))
    for t in range(n - 2, -1, -1):
        w = np.multiply(E[t + 1], back[t + 1], out=seen[t])
        b = np.dot(A, w, out=back[t])
        if t:
            b /= scales[t - 1]
    reached = np.concatenate([np.full((1, states), 1 / states), forward[:-1] @ A])
    reached *= back
    chosen = np.zeros((n, kinds))
    chosen[np.arange(n), symbols] = 1
    return forward[:-1].T @ seen, reached.T @ chosen


def chain_field(np: Any, T: Any, E: Any, path: Any) -> Any:
    """Conditional random field of a chain, gradient."""
    forward = E[0]
    for t in range(1, E.shape[0]):
        forward = np.log(np.sum(np.exp(forward[:, None] + T), axis=0)) + E[t]
    gold = np.sum(E[np.arange(len(path)), path]) + np.sum(T[path[:-1], path[1:]])
    return np.log(np.sum(np.exp(forward))) - gold


def chain_field_data(rng: np.random.Generator, n: int, tags: int) -> tuple[Any, ...]:
    return 0.3 * rng.standard_normal((tags, tags)), rng.standard_normal((n, tags)), rng.integers(0, tags, n)


def chain_field_by_hand(T: Any, E: Any, path: Any) -> Any:
    X, W = np.exp(T), np.exp(E)
    forward, back = np.empty_like(W), np.empty_like(W)
    forward[0] = W[0] / W[0].sum()
    for t in range(1, len(W)):
        a = np.dot(forward[t - 1], X, out=forward[t])
        a *= W[t]
        a /= a.sum()
    back[-1] = 1
    seen = np.empty_like(W)
    for t in range(len(W) - 2, -1, -1):
        w = np.multiply(W[t + 1], back[t + 1], out=seen[t])
        b = np.dot(X, w, out=back[t])
        b /= b.sum()
    marginals = forward * back
    marginals /= marginals.sum(axis=1, keepdims=True)
    left, right = forward[:-1], seen[:-1]
    weights = 1 / np.einsum("ti,ti->t", left @ X, right)
    pairs = (left * weights[:, None]).T @ right
    pairs *= X
    np.subtract.at(pairs, (path[:-1], path[1:]), 1)
    marginals[np.arange(len(path)), path] -= 1
    return pairs, marginals


def alignment(np: Any, X: Any, labels: Any, skips: Any) -> Any:
    """Connectionist temporal classification, gradient."""
    P = np.exp(X - np.log(np.sum(np.exp(X), axis=1, keepdims=True)))
    forward = P[0, labels] * (np.arange(len(labels)) < 2)
    total = 0.0
    for t in range(1, X.shape[0]):
        one = np.concatenate([np.zeros(1), forward[:-1]])
        two = np.concatenate([np.zeros(2), forward[:-2]])
        forward = (forward + one + skips * two) * P[t, labels]
        scale = np.sum(forward)
        total = total - np.log(scale)
        forward = forward / scale
    return total - np.log(forward[-1] + forward[-2])


def alignment_data(rng: np.random.Generator, n: int, length: int, symbols: int) -> tuple[Any, ...]:
    word = rng.integers(1, symbols, length)
    labels = np.zeros(2 * length + 1, int)
    labels[1::2] = word
    skips = np.zeros(2 * length + 1)
    skips[3::2] = word[1:] != word[:-1]
    return rng.standard_normal((n, symbols)), labels, skips


def alignment_by_hand(X: Any, labels: Any, skips: Any) -> Any:
    P = np.exp(X)
    P /= P.sum(axis=1, keepdims=True)
    Q = P[:, labels]
    n, size = Q.shape
    forward = np.zeros((n, size + 2))  # two zeros before the first label
    back = np.zeros((n, size + 2))  # and two after the last
    forward[0, 2:4] = Q[0, :2]
    for t in range(1, n):
        before, now = forward[t - 1], forward[t, 2:]
        np.multiply(skips, before[:-2], out=now)
        now += before[1:-1]
        now += before[2:]
        now *= Q[t]
        now /= now.sum()
    back[-1, size - 2 : size] = 1
    later = skips[2:]
    for t in range(n - 2, -1, -1):
        w = back[t + 1, :size] * Q[t + 1]
        now = back[t]
        now[:size] = w
        now[: size - 1] += w[1:]
        now[: size - 2] += later * w[2:]
        now[:size] /= now[:size].sum()
    occupied = forward[:, 2:] * back[:, :size]
    occupied /= occupied.sum(axis=1, keepdims=True)
    chosen = np.zeros((size, P.shape[1]))
    chosen[np.arange(size), labels] = 1
    P -= occupied @ chosen
    return P


PROBLEMS = (
    asked("gradient", kalman, kalman_data, kalman_by_hand, {"n": 100, "size": 4}, {"n": 6, "size": 2}, (0, 1)),
    asked(
        "gradient",
        hidden_markov,
        hidden_markov_data,
        hidden_markov_by_hand,
        {"n": 200, "states": 5, "kinds": 8},
        {"n": 12, "states": 2, "kinds": 3},
        (0, 1),
    ),
    asked(
        "gradient",
        chain_field,
        chain_field_data,
        chain_field_by_hand,
        {"n": 60, "tags": 9},
        {"n": 12, "tags": 3},
        (0, 1),
    ),
    asked(
        "gradient",
        alignment,
        alignment_data,
        alignment_by_hand,
        {"n": 80, "length": 12, "symbols": 20},
        {"n": 12, "length": 3, "symbols": 4},
    ),
)
