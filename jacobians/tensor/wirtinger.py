"""The parts of a derivative between complex arrays: ``J @ h`` is ``A h + B conj(h)``.

A and B are the Wirtinger derivatives in z and in its conjugate (W. Wirtinger, "Zur formalen Theorie der Funktionen von
mehr komplexen Veraenderlichen", 1927). B is zero where the function is holomorphic: A is its complex derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..errors import HolomorphyError
from ..terms import CONJUGATE, LINEAR, REAL, Term, plain, settled_act

__all__ = ["ComplexParts", "entry_dtype"]


class ComplexParts:
    """What a `Jacobian` tells of complex numbers."""

    __slots__ = ()

    @property
    def linear_part(self) -> Self:
        """The Jacobian A in ``J @ h == A @ h + B @ conj(h)``: the Wirtinger derivative in z.

        Examples
        --------
        >>> import numpy as np
        >>> from jacobians import jacobian
        >>> J = jacobian(lambda z: z * np.conj(z))(np.array([1 + 2j]))
        >>> J.linear_part.to_array(), J.conjugate_part.to_array()
        (array([[1.-2.j]]), array([[1.+2.j]]))
        """
        return self._part(LINEAR)

    @property
    def conjugate_part(self) -> Self:
        """The Jacobian B in ``J @ h == A @ h + B @ conj(h)``: the Wirtinger derivative in the conjugate of z."""
        return self._part(CONJUGATE)

    @property
    def is_holomorphic(self) -> bool:
        """Whether no term acts on the conjugate: then the function is holomorphic, as far as it has been followed.

        False for every function from complex to real arrays that is not constant. The converse is no proof: terms may
        cancel, as in ``np.real(z) + 1j * np.imag(z)``.
        """
        J: Any = self
        return not any([term.act for term in J.terms])

    def _part(self, act: str) -> Self:
        J: Any = self
        terms = []
        for term in J.terms:  # what is real is written as what it is among complex numbers
            terms += settled_act(term, J.in_dtype.kind != "c", False) if term.act == REAL else [term]
        dtype = np.result_type(J.dtype, np.complex64)
        return J.of_terms([plain(term) for term in terms if term.act == act], J.out_shape, J.in_shape, dtype)

    def _entries(self, operation: str) -> tuple[Sequence[Term], np.dtype]:
        """The terms of a tensor of numbers, and its dtype.

        From complex to real arrays it is the gradient g of ``Re(g h)``.
        """
        J: Any = self
        terms = J.terms
        if J.in_dtype.kind != "c":
            return terms, J.dtype
        if any([term.act == CONJUGATE for term in terms]):
            raise HolomorphyError(operation)
        return [plain(term) for term in terms], entry_dtype(J.dtype, J.in_dtype)


def entry_dtype(dtype: np.dtype, in_dtype: np.dtype) -> np.dtype:
    """The dtype of the numbers of a Jacobian: complex as soon as its output or its input is."""
    return dtype if in_dtype.kind != "c" or dtype.kind == "c" else np.result_type(dtype, np.complex64)
