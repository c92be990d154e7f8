"""Physics and control: states that go on step by step."""

from __future__ import annotations

from math import cos, sin
from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def runge_kutta(np: Any, theta: Any, y0: Any, data: Any, h: Any) -> Any:
    """Runge-Kutta steps of predators and prey, gradient for the parameters."""
    a, b, c, d = theta[0], theta[1], theta[2], theta[3]

    def slope(y):
        return np.stack([y[0] * (a - b * y[1]), y[1] * (c * y[0] - d)])

    y, total = y0, 0.0
    for t in range(data.shape[0]):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        total = total + np.sum((y - data[t]) ** 2)
    return total


def runge_kutta_data(rng: np.random.Generator, steps: int) -> tuple[Any, ...]:
    return np.array([1.0, 0.5, 0.4, 0.8]), np.array([1.0, 1.5]), rng.random((steps, 2)), 0.05


def runge_kutta_by_hand(theta: Any, y0: Any, data: Any, h: Any) -> Any:
    a, b, c, d = theta.tolist()
    u, v = y0.tolist()
    half, sixth = h / 2, h / 6
    stages, errors = [], []
    for p, q in data.tolist():
        ku1, kv1 = u * (a - b * v), v * (c * u - d)
        u2, v2 = u + half * ku1, v + half * kv1
        ku2, kv2 = u2 * (a - b * v2), v2 * (c * u2 - d)
        u3, v3 = u + half * ku2, v + half * kv2
        ku3, kv3 = u3 * (a - b * v3), v3 * (c * u3 - d)
        u4, v4 = u + h * ku3, v + h * kv3
        ku4, kv4 = u4 * (a - b * v4), v4 * (c * u4 - d)
        stages.append((u, v, u2, v2, u3, v3, u4, v4))
        u += sixth * (ku1 + 2 * (ku2 + ku3) + ku4)
        v += sixth * (kv1 + 2 * (kv2 + kv3) + kv4)
        errors.append((2 * (u - p), 2 * (v - q)))
    gu = gv = 0.0
    slopes = []
    for (u, v, u2, v2, u3, v3, u4, v4), (eu, ev) in zip(reversed(stages), reversed(errors), strict=True):
        gu += eu
        gv += ev
        p4, q4 = sixth * gu, sixth * gv
        r4, s4 = p4 * (a - b * v4) + q4 * c * v4, q4 * (c * u4 - d) - p4 * b * u4
        p3, q3 = 2 * p4 + h * r4, 2 * q4 + h * s4
        r3, s3 = p3 * (a - b * v3) + q3 * c * v3, q3 * (c * u3 - d) - p3 * b * u3
        p2, q2 = 2 * p4 + half * r3, 2 * q4 + half * s3
        r2, s2 = p2 * (a - b * v2) + q2 * c * v2, q2 * (c * u2 - d) - p2 * b * u2
        p1, q1 = p4 + half * r2, q4 + half * s2
        gu += p1 * (a - b * v) + q1 * c * v + r2 + r3 + r4
        gv += q1 * (c * u - d) - p1 * b * u + s2 + s3 + s4
        slopes.append((p1, q1, p2, q2, p3, q3, p4, q4))
    Y, G = np.array(stages[::-1]), np.array(slopes)
    u, v, p, q = Y[:, ::2], Y[:, 1::2], G[:, ::2], G[:, 1::2]
    pu, qv = p * u, q * v
    return np.array([pu.sum(), -float(np.vdot(pu, v)), np.vdot(qv, u), -qv.sum()])


def epidemic(np: Any, theta: Any, cases: Any) -> Any:
    """SIR epidemic, gradient for rates and start."""
    beta, gamma = theta[0], theta[1]
    s, i, total = 1 - theta[2], theta[2], 0.0
    for t in range(len(cases)):
        new = beta * s * i
        total = total + (new - cases[t]) ** 2
        s, i = s - new, i + new - gamma * i
    return total


def epidemic_data(rng: np.random.Generator, steps: int) -> tuple[Any, ...]:
    return np.array([0.3, 0.1, 0.01]), 0.01 * rng.random(steps)


def epidemic_by_hand(theta: Any, cases: Any) -> Any:
    beta, gamma, i = theta.tolist()
    s = 1 - i
    S, ill, E = [], [], []
    for seen in cases.tolist():
        S.append(s)
        ill.append(i)
        new = beta * s * i
        E.append(2 * (new - seen))
        s -= new
        i += new - gamma * i
    gs = gi = 0.0
    slopes, ahead = [], []
    for s, i, e in zip(reversed(S), reversed(ill), reversed(E), strict=True):
        g = e + gi - gs
        slopes.append(g)
        ahead.append(gi)
        g *= beta
        gs += g * i
        gi += g * s - gamma * gi
    G = np.array(slopes[::-1])
    A = np.array(ill)
    return np.array([G @ (np.array(S) * A), -(np.array(ahead[::-1]) @ A), gi - gs])


def boris(np: Any, x: Any, v: Any, B: Any, h: Any) -> Any:
    """Boris pusher, gradient for start and field."""
    turn = 0.5 * h * B
    scale = 2 / (1 + np.sum(turn**2))
    total = 0.0
    for _ in range(STEPS):
        v = v - 0.5 * h * np.sin(x)
        w = v + np.cross(v, turn)
        v = v + scale * np.cross(w, turn)
        v = v - 0.5 * h * np.sin(x)
        x = x + h * v
        total = total + np.sum(x**2)
    return total


STEPS = 60


def boris_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return *rng.standard_normal((3, n)), 0.1


def boris_by_hand(x: Any, v: Any, B: Any, h: Any) -> Any:
    turn = 0.5 * h * B
    scale = 2 / (1 + turn @ turn)
    a, b, c = turn
    C = np.array([[0, c, -b], [-c, 0, a], [b, -a, 0]])  # C @ v is cross(v, turn)
    R = np.eye(3) + scale * (C + C @ C)
    X, V = np.empty((STEPS + 1, 3)), np.empty((STEPS, 3))
    X[0] = x
    for t in range(STEPS):
        kick = 0.5 * h * np.sin(X[t])
        np.subtract(v, kick, out=V[t])
        v = np.dot(R, V[t])
        v -= kick
        np.add(X[t], h * v, out=X[t + 1])
    K, E = -0.5 * h * np.cos(X[:-1]), 2 * X[1:]
    gx, gv, G = np.zeros(3), np.zeros(3), np.empty((STEPS, 3))
    for t in range(STEPS - 1, -1, -1):
        gx += E[t]
        gv += h * gx
        G[t] = gv
        before = np.dot(gv, R)
        gx += K[t] * (gv + before)
        gv = before
    D = G.T @ V  # the slope over R
    M = C + C @ C
    DC = scale * (D + D @ C.T + C.T @ D)
    g_turn = np.array([DC[1, 2] - DC[2, 1], DC[2, 0] - DC[0, 2], DC[0, 1] - DC[1, 0]])
    g_turn -= scale * scale * np.vdot(D, M) * turn
    return gx, gv, 0.5 * h * g_turn


def springs(np: Any, x: Any, k: Any, h: Any) -> Any:
    """Chain of masses and springs, gradient for start and stiffness."""
    v, total = 0 * x, 0.0
    for _ in range(40):
        apart = x[1:] - x[:-1]
        length = np.sqrt(np.sum(apart**2, axis=1, keepdims=True))
        pull = k * (1 - 1 / length) * apart
        zero = np.zeros((1, x.shape[1]))
        v = v + h * (np.concatenate([pull, zero]) - np.concatenate([zero, pull]))
        x = x + h * v
        total = total + np.sum(x**2)
    return total


def springs_data(rng: np.random.Generator, masses: int) -> tuple[Any, ...]:
    x = np.stack([1.2 * np.arange(masses), 0.1 * rng.standard_normal(masses)], axis=1)
    return x, 2.0, 0.1


def springs_by_hand(x: Any, k: Any, h: Any) -> Any:
    X, v = [x], np.zeros_like(x)
    apart, rest = [], []
    for _ in range(40):
        d = x[1:] - x[:-1]
        r = 1 / np.sqrt(np.einsum("id,id->i", d, d))[:, None]
        pull = (h * k) * (1 - r)
        pull = pull * d
        apart.append(d)
        rest.append(r)
        v[:-1] += pull
        v[1:] -= pull
        x = x + h * v
        X.append(x)
    g, gv, gk = np.zeros_like(x), np.zeros_like(x), 0.0
    d, r = np.array(apart), np.array(rest)
    loose = 1 - r
    cubes = r**3
    for t in range(39, -1, -1):
        g += 2 * X[t + 1]
        gv += h * g
        p = gv[:-1] - gv[1:]
        along = np.einsum("id,id->i", p, d[t])[:, None]
        gk += float(np.vdot(loose[t], along))
        back = loose[t] * p
        back += cubes[t] * along * d[t]
        back *= h * k
        g[1:] += back
        g[:-1] -= back
    return g, h * gk


def cart_pole(np: Any, u: Any, h: Any) -> Any:
    """Cart and pole, gradient for the forces."""
    x, v, a, w, total = 0.0, 0.0, 0.1, 0.0, 0.0
    for t in range(len(u)):
        s, c = np.sin(a), np.cos(a)
        push = (u[t] + 0.05 * w**2 * s) / 1.1
        turn = (9.8 * s - c * push) / (0.5 * (4 / 3 - 0.1 * c**2 / 1.1))
        x, v = x + h * v, v + h * (push - 0.05 * turn * c / 1.1)
        a, w = a + h * w, w + h * turn
        total = total + x**2 + a**2 + 0.1 * u[t] ** 2
    return total


def cart_pole_data(rng: np.random.Generator, steps: int) -> tuple[Any, ...]:
    return rng.standard_normal(steps), 0.02


def cart_pole_by_hand(u: Any, h: Any) -> Any:
    x = v = w = 0.0
    a = 0.1
    kept = []
    for force in u.tolist():
        s, c = sin(a), cos(a)
        push = (force + 0.05 * w * w * s) / 1.1
        below = 1 / (2 / 3 - (0.05 / 1.1) * c * c)
        turn = (9.8 * s - c * push) * below
        x += h * v
        v += h * (push - (0.05 / 1.1) * turn * c)
        kept.append((s, c, w, push, below, turn))
        a += h * w
        w += h * turn
        kept.append((x, a))
    gx = gv = ga = gw = 0.0
    slopes = []
    for n in range(len(kept) - 2, -1, -2):
        s, c, w, push, below, turn = kept[n]
        x, a = kept[n + 1]
        gx += 2 * x
        ga += 2 * a
        g_acc = h * gv
        g_turn = (h * gw - (0.05 / 1.1) * c * g_acc) * below
        g_push = (g_acc - c * g_turn) / 1.1
        gv += h * gx
        gw += h * ga + 0.1 * w * s * g_push
        g_c = -g_turn * push - (0.05 / 1.1) * turn * g_acc + (0.1 / 1.1) * c * turn * g_turn
        ga += c * (9.8 * g_turn + 0.05 * w * w * g_push) - s * g_c
        slopes.append(g_push)
    back = np.array(slopes[::-1])
    back += 0.2 * u
    return back


def regulator(np: Any, K: Any, A: Any, B: Any, x: Any) -> Any:
    """Cost of a linear regulator, gradient for the gains."""
    total = 0.0
    for _ in range(50):
        u = -(K @ x)
        total = total + np.sum(x * x) + 0.1 * np.sum(u * u)
        x = A @ x + B @ u
    return total


def regulator_data(rng: np.random.Generator, states: int, controls: int) -> tuple[Any, ...]:
    A = 0.9 * np.linalg.qr(rng.standard_normal((states, states)))[0]
    B = 0.1 * rng.standard_normal((states, controls))
    return 0.1 * rng.standard_normal((controls, states)), A, B, rng.standard_normal(states)


def regulator_by_hand(K: Any, A: Any, B: Any, x: Any) -> Any:
    X = np.empty((50, len(x)))
    M = A - B @ K
    for row in X:
        row[:] = x
        x = np.dot(M, x)
    U = X @ K.T  # minus the controls
    W = 2 * X + 0.2 * (U @ K)
    back = np.zeros_like(X)
    g = np.zeros_like(x)
    for row, w in zip(back[::-1], W[::-1], strict=True):
        row[:] = g
        g = np.dot(g, M)
        g += w
    return (0.2 * U - back @ B).T @ X


PROBLEMS = (
    asked("gradient", runge_kutta, runge_kutta_data, runge_kutta_by_hand, {"steps": 100}, {"steps": 12}),
    asked("gradient", epidemic, epidemic_data, epidemic_by_hand, {"steps": 150}, {"steps": 20}),
    asked("gradient", boris, boris_data, boris_by_hand, {"n": 3}, {"n": 3}, (0, 1, 2)),
    asked("gradient", springs, springs_data, springs_by_hand, {"masses": 30}, {"masses": 4}, (0, 1)),
    asked("gradient", cart_pole, cart_pole_data, cart_pole_by_hand, {"steps": 100}, {"steps": 20}),
    asked(
        "gradient",
        regulator,
        regulator_data,
        regulator_by_hand,
        {"states": 8, "controls": 3},
        {"states": 3, "controls": 2},
    ),
)
