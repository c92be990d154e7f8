"""Operations that are linear over the real numbers only, as the two terms that the rest of the library works with.

``L h = A h + B conj(h)`` between complex arrays is told apart by two products, ``2 A h = L h - i L(i h)``. Into a real
array it is ``Re(A h)``, and B is not needed; on a real array it is ``A h``. What the author of L pulls back pairs with
it by ``Re(sum(c L h)) = Re(sum(P(c) h))``: ``P(c) = A.T c + conj(B.T c)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Protocol

import numpy as np

from ..labels import axes_of
from ..rules.sparse import operator_term
from ..terms import CONJUGATE, LINEAR, Term, acting

__all__ = ["Half", "RealLinear", "halves"]

Columns = Callable[[Any], Any]


class RealLinear(Protocol):
    """An operation on columns: what it is, and how arrays are pushed along it and pulled back, None where it cannot."""

    nbytes: int

    @property
    def push(self) -> Columns | None: ...

    @property
    def pull(self) -> Columns | None: ...

    def with_arrays(self, change: Callable[[Any], Any]) -> RealLinear: ...


class Half:
    """One part of an operation: its product with tangents, or with their conjugates.

    Parameters
    ----------
    given : RealLinear
    act : str
        `LINEAR` or `CONJUGATE`.
    out_real, in_real : bool
        Whether the arrays that it leads to and comes from are real.
    sizes : tuple of int
        Of these arrays.
    dtype : dtype
        Complex.
    """

    def __init__(
        self, given: RealLinear, act: str, out_real: bool, in_real: bool, sizes: tuple[int, int], dtype: np.dtype
    ) -> None:
        self.given, self.act, self.out_real, self.in_real = given, act, out_real, in_real
        self.sizes, self.dtype, self.nbytes = sizes, dtype, given.nbytes
        self._matrix: Any = None

    def with_arrays(self, change: Callable[[Any], Any]) -> Half:
        """The same operation on other arrays of the same numbers."""
        return Half(self.given.with_arrays(change), self.act, self.out_real, self.in_real, self.sizes, self.dtype)

    def apply(self, array: Any) -> Any:
        """The product with each column."""
        push = self.given.push
        if push is None:
            return self._through(self.materialise(), array)
        if self.in_real:
            return _extended(push, array)
        if self.act == CONJUGATE:
            h = np.conjugate(array)
            return 0.5 * (push(h) + 1j * push(1j * h))
        scale = 1.0 if self.out_real else 0.5
        h = array if array.dtype.kind == "c" else np.astype(array, self.dtype)
        return scale * (push(h) - 1j * push(1j * h))

    def apply_transposed(self, array: Any) -> Any:
        """The product of the transposed part with each column."""
        pull = self.given.pull
        if pull is None:
            return self._through(np.transpose(self.materialise()), array)
        if self.out_real:
            return _extended(pull, array)
        c = array if array.dtype.kind == "c" else np.astype(array, self.dtype)
        if self.in_real:
            return pull(c) + 1j * pull(-1j * c)
        if self.act == CONJUGATE:
            return 0.5 * np.conjugate(pull(c) + 1j * pull(1j * c))
        return 0.5 * (pull(c) - 1j * pull(1j * c))

    def materialise(self) -> Any:
        """The matrix, by products with unit vectors from a side for which there is a product."""
        if self._matrix is None:
            rows, columns = self.sizes
            if self.given.pull is not None and (self.given.push is None or rows <= columns):
                self._matrix = np.transpose(self.apply_transposed(np.eye(rows, dtype=self.dtype)))
            else:
                self._matrix = self.apply(np.eye(columns, dtype=self.dtype))
        return self._matrix

    @staticmethod
    def _through(matrix: Any, array: Any) -> Any:
        batch = np.shape(array)[1:]
        found = np.matmul(matrix, np.reshape(array, (np.shape(array)[0], prod(batch))))
        return np.reshape(found, (np.shape(matrix)[0], *batch))


def _extended(product: Columns, array: Any) -> Any:
    """A product that takes real columns alone, with complex ones."""
    if array.dtype.kind != "c":
        return product(array)
    return product(np.real(array)) + 1j * product(np.imag(array))


def halves(
    given: RealLinear, out: tuple[tuple[int, ...], bool], inp: tuple[tuple[int, ...], bool], dtype: np.dtype, name: str
) -> Iterator[Term]:
    """The terms of an operation between arrays of these shapes, of which is told whether they are real.

    Two between complex arrays, one otherwise.
    """
    (out_shape, out_real), (in_shape, in_real) = out, inp
    sizes = prod(out_shape), prod(in_shape)
    for act in (LINEAR,) if out_real or in_real else (LINEAR, CONJUGATE):
        half = Half(given, act, out_real, in_real, sizes, dtype)
        yield acting(operator_term(half, axes_of(out_shape), axes_of(in_shape), name), act)
