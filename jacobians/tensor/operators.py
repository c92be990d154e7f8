"""A Jacobian as a linear operator of SciPy; read when one is asked for, as that part of SciPy is slow to import."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

__all__ = ["BlockOperator", "JacobianOperator"]


class JacobianOperator(LinearOperator):
    """A Jacobian as a SciPy LinearOperator of shape (size of out, size of in); vectors are raveled."""

    def __init__(self, J: Any) -> None:
        self.jacobian = J
        super().__init__(J.dtype, (prod(J.out_shape), prod(J.in_shape)))

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return np.reshape(self.jacobian.jvp(np.reshape(x, self.jacobian.in_shape)), -1)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return np.reshape(self.jacobian.vjp(np.reshape(x, self.jacobian.out_shape)), -1)

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        batch = np.reshape(X, (*self.jacobian.in_shape, X.shape[1]))
        return np.reshape(self.jacobian @ batch, (self.shape[0], X.shape[1]))

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        batch = np.reshape(X.T, (X.shape[1], *self.jacobian.out_shape))
        return np.reshape(batch @ self.jacobian, (X.shape[1], self.shape[1])).T


class BlockOperator(LinearOperator):
    """A Jacobian of nests as a SciPy LinearOperator on its flat view."""

    def __init__(self, J: Any) -> None:
        self.jacobian = J
        super().__init__(J.dtype, J.shape)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self._matmat(np.reshape(x, (-1, 1)))[:, 0]

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return self._rmatmat(np.reshape(x, (-1, 1)))[:, 0]

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        batch = X.shape[1:]
        parts = [np.reshape(X[column.slice], column.shape + batch) for column in self.jacobian.columns]
        return np.concatenate([np.reshape(part, (-1, *batch)) for part in self.jacobian.pushed(parts, batch)])

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        batch = X.shape[1:]
        parts = [np.reshape(X[row.slice].T, batch + row.shape) for row in self.jacobian.rows]
        return np.concatenate([np.reshape(part, (*batch, -1)).T for part in self.jacobian.pulled(parts, batch)])
