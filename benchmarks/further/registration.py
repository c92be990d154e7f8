"""Registration of points: residuals of a rigid motion, their Jacobians for its six numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def rotation(np: Any, w: Any) -> Any:
    """About the axis w by the angle of its length (Rodrigues)."""
    angle = np.sqrt(w @ w)
    zero = 0 * angle
    cross = np.stack([zero, -w[2], w[1], w[2], zero, -w[0], -w[1], w[0], zero]).reshape(3, 3) / angle
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def point_to_point(np: Any, motion: Any, P: Any, Q: Any) -> Any:
    """Points that are moved onto others, Jacobian of the residuals for the motion."""
    return P @ rotation(np, motion[:3]).T + motion[3:] - Q


def point_to_plane(np: Any, motion: Any, P: Any, Q: Any, N: Any) -> Any:
    """Points that are moved onto planes, Jacobian of the residuals for the motion."""
    return np.sum(N * point_to_point(np, motion, P, Q), axis=1)


def points_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array([0.3, -0.5, 0.2, 1.0, 0.4, -0.3]), *rng.standard_normal((2, n, 3))


def planes_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return np.array([0.3, -0.5, 0.2, 1.0, 0.4, -0.3]), *rng.standard_normal((3, n, 3))


CROSS = np.array(
    [[[0, 0, 0], [0, 0, 1], [0, -1, 0]], [[0, 0, -1], [0, 0, 0], [1, 0, 0]], [[0, 1, 0], [-1, 0, 0], [0, 0, 0]]]
)


def left_jacobian(w: Any) -> tuple[Any, Any]:
    """Of the rotation, for turning vectors: d(R p) = -[R p]x L dw, and R."""
    angle = float(np.sqrt(w @ w))
    cross = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]]) / angle
    squared, s, c = cross @ cross, np.sin(angle), np.cos(angle)
    eye = np.eye(3)
    return eye + (1 - c) / angle * cross + (1 - s / angle) * squared, eye + s * cross + (1 - c) * squared


def point_to_point_by_hand(motion: Any, P: Any, Q: Any) -> Any:
    L, R = left_jacobian(motion[:3])
    rows = np.einsum("ijm,jk->mik", CROSS, L).reshape(3, 9)
    J = np.empty((len(P), 3, 6))
    J[:, :, :3] = (P @ (R.T @ rows)).reshape(-1, 3, 3)
    J[:, :, 3:] = np.eye(3)
    return J


def point_to_plane_by_hand(motion: Any, P: Any, Q: Any, N: Any) -> Any:
    L, R = left_jacobian(motion[:3])
    turned = P @ R.T
    J = np.empty((len(P), 6))
    np.matmul(np.cross(turned, N), L, out=J[:, :3])
    J[:, 3:] = N
    return J


PROBLEMS = (
    asked("jacobian", point_to_point, points_data, point_to_point_by_hand, {"n": 2000}, {"n": 3}),
    asked("jacobian", point_to_plane, planes_data, point_to_plane_by_hand, {"n": 2000}, {"n": 3}),
)
