"""The affine lesson: what the gradient of ``sum((W @ x + b)**2)`` is, as a formula, as numbers and as a step downhill.

`affine_lesson()` returns an `AffineLesson`, which prints itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..tensor import Jacobian
from ..transforms import jacobian

__all__ = ["AffineLesson", "affine_lesson"]

RATE = 0.05


class AffineLesson(NamedTuple):
    """The loss ``L(W, b) = sum((W @ x + b)**2)`` at a point, its derivatives there, and one step of gradient descent.

    Attributes
    ----------
    W, x, b : ndarray, shape (2, 2), (2,), (2,)
    terms : tuple of str
        The Jacobians for W and for b as einsum terms.
    gradients : tuple of ndarray, shape (2, 2) and (2,)
    before, after : float
        The loss at (W, b), and after one step of size `RATE` against the gradient.
    """

    W: np.ndarray
    x: np.ndarray
    b: np.ndarray
    terms: tuple[str, str]
    gradients: tuple[np.ndarray, np.ndarray]
    before: float
    after: float

    def __str__(self) -> str:
        dW, db = self.gradients
        return "\n".join(
            [
                "L(W, b) = sum((W @ x + b)**2)",
                f"    W = {self.W.tolist()}, x = {self.x.tolist()}, b = {self.b.tolist()}",
                "",
                "dL/dW = 2 (W x + b) x^T",
                f"      = {dW.tolist()}",
                f"        held as {self.terms[0]}",
                "dL/db = 2 (W x + b)",
                f"      = {db.tolist()}",
                f"        held as {self.terms[1]}",
                "",
                f"One step W - {RATE} dL/dW, b - {RATE} dL/db: the loss falls from {self.before:g} to {self.after:g}.",
            ]
        )


def affine_lesson() -> AffineLesson:
    """Differentiate the loss at W = [[1, 2], [3, 4]], x = [1, 2], b = [-8, -8].

    Examples
    --------
    >>> lesson = affine_lesson()
    >>> lesson.gradients[0]
    array([[ -6., -12.],
           [  6.,  12.]])
    >>> lesson.before, round(lesson.after, 2)
    (18.0, 2.88)
    """
    W, x, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0]), np.array([-8.0, -8.0])

    def loss(W: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sum((W @ x + b) ** 2)

    J_W, J_b = jacobian(loss, argnums=(0, 1), mode="explicit")(W, b)
    dW, db = J_W.to_array(), J_b.to_array()
    before, after = float(loss(W, b)), float(loss(W - RATE * dW, b - RATE * db))
    return AffineLesson(W, x, b, (_formula(J_W), _formula(J_b)), (dW, db), before, after)


def _formula(J: Jacobian) -> str:
    return " + ".join(map(repr, J.terms))
