"""A Jacobian as a linear operator of SciPy; read when one is asked for, as that part of SciPy is slow to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..errors import HolomorphyError

__all__ = ["BlockOperator", "JacobianOperator"]


class JacobianOperator(LinearOperator):
    """A Jacobian as a SciPy LinearOperator of shape (size of out, size of in); vectors are raveled."""

    def __init__(self, J: Any) -> None:
        _check_linear(J, [J.dtype], [J.in_dtype], lambda: J.is_holomorphic)
        self.jacobian = J
        super().__init__(J.dtype, (prod(J.out_shape), prod(J.in_shape)))

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return np.reshape(self.jacobian.jvp(np.reshape(x, self.jacobian.in_shape)), -1)

    def _rmatvec(self, x: np.ndarray) -> np.ndarray:
        return np.reshape(_adjoint(self.jacobian.vjp, np.reshape(x, self.jacobian.out_shape), self.dtype), -1)

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        batch = np.reshape(X, (*self.jacobian.in_shape, X.shape[1]))
        return np.reshape(self.jacobian @ batch, (self.shape[0], X.shape[1]))

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        batch = np.reshape(X.T, (X.shape[1], *self.jacobian.out_shape))
        pulled = _adjoint(lambda c: c @ self.jacobian, batch, self.dtype)
        return np.reshape(pulled, (X.shape[1], self.shape[1])).T


def _adjoint(pull: Callable[[Any], Any], vector: Any, dtype: Any) -> Any:
    """What SciPy calls the adjoint: with the conjugate matrix, not only transposed."""
    return np.conjugate(pull(np.conjugate(vector))) if np.dtype(dtype).kind == "c" else pull(vector)


def _check_linear(J: Any, outputs: Sequence[np.dtype], inputs: Sequence[np.dtype], holds: Callable[[], bool]) -> None:
    """Raise unless the Jacobian is real, or linear between complex arrays."""
    kinds = {dtype.kind == "c" for dtype in (*outputs, *inputs)}
    if kinds != {False} and (len(kinds) > 1 or not holds()):
        raise HolomorphyError(
            "to_linear_operator()", "Use a function from complex to complex arrays that is holomorphic, or J @ h."
        )


class BlockOperator(LinearOperator):
    """A Jacobian of nests as a SciPy LinearOperator on its flat view."""

    def __init__(self, J: Any) -> None:
        grid = J.grid()
        outputs, inputs = [row[0].dtype for row in grid if row], [block.in_dtype for block in (grid or [[]])[0]]
        _check_linear(J, outputs, inputs, lambda: all([block.is_holomorphic for row in grid for block in row]))
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
        turned = np.dtype(self.dtype).kind == "c"
        X = np.conjugate(X) if turned else X
        parts = [np.reshape(X[row.slice].T, batch + row.shape) for row in self.jacobian.rows]
        pulled = np.concatenate([np.reshape(part, (*batch, -1)).T for part in self.jacobian.pulled(parts, batch)])
        return np.conjugate(pulled) if turned else pulled
