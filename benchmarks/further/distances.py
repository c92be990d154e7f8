"""Distances between sets of points, and losses of pairs and triplets of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .question import asked

__all__ = ["PROBLEMS"]


def triplet(np: Any, A: Any, P: Any, N: Any) -> Any:
    """Triplet loss with a soft margin, gradient for anchors, positives and negatives."""
    near, far = np.sum((A - P) ** 2, axis=1), np.sum((A - N) ** 2, axis=1)
    return np.sum(np.log1p(np.exp(near - far)))


def triplet_data(rng: np.random.Generator, n: int, d: int) -> tuple[Any, ...]:
    return tuple(0.3 * rng.standard_normal((3, n, d)))


def triplet_by_hand(A: Any, P: Any, N: Any) -> Any:
    near, far = P - A, N - A
    t = np.einsum("ij,ij->i", far, far)
    t -= np.einsum("ij,ij->i", near, near)
    s = 2 / (1 + np.exp(t))[:, None]
    near *= s
    far *= -s
    return -(near + far), near, far


PROBLEMS = (
    asked("gradient", triplet, triplet_data, triplet_by_hand, {"n": 500, "d": 32}, {"n": 4, "d": 3}, (0, 1, 2)),
)
