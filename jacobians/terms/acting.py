"""How a term acts on complex tangents: a derivative between complex arrays is linear over the real numbers only.

A term T takes a tangent h to ``T h``, to ``T conj(h)`` or to ``Re(T h)``: its attribute `act` is `LINEAR`, `CONJUGATE`
or `REAL`. A term into a real array that is not real itself takes the real part: ``abs`` or ``real`` is one term.


- `acting(term, act)`, `plain(term)`: the same labels and numbers under another act.
- `conjugated(term)`: the term with conjugate numbers.
- `settled_act(term, in_real, out_real)`: the terms of the simplest acts with the same meaning.
- `transposed(term, in_real, out_real)`: what pairs with it under ``Re(sum(c * y))``.
- `is_real(term)`: whether all its numbers are; `real_part(term)`: the real part of its numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..labels import Substitution
from .factor import Factor, LinearOperation, OperatorFactor
from .term import Term

__all__ = [
    "CONJUGATE",
    "LINEAR",
    "REAL",
    "acting",
    "conjugated",
    "is_real",
    "plain",
    "real_part",
    "settled_act",
    "transposed",
]

LINEAR, CONJUGATE, REAL = "", "conj", "re"


class ActingTerm(Term):
    """A term that acts on the conjugate of a tangent, or gives the real part.

    Only what knows about acts meets one: chains, sums and contractions are of plain terms.
    """

    __slots__ = ("act",)
    act: str

    @property
    def T(self) -> Term:
        raise TypeError("the transpose of a term that is not linear depends on what is real: use transposed.")

    def relabel(self, substitution: Substitution) -> Term:
        return acting(Term.relabel(self, substitution), self.act)

    def replace(self, **changes: object) -> Term:
        return acting(Term.replace(self, **changes), self.act)

    def __repr__(self) -> str:
        return f"{Term.__repr__(self)} {'on the conjugate' if self.act == CONJUGATE else 'real part'}"


def acting(term: Term, act: str) -> Term:
    """The term with the same labels and numbers that acts in this way."""
    if term.act == act:
        return term
    known = term._pattern
    if not act:
        fields = term.out, term.inp, term.factors, term.maps, term.bound, term.scale
        return Term(*fields) if known is None else known.term(term.arrays, term.scale)
    made = ActingTerm(term.out, term.inp, term.factors, term.maps, term.bound, term.scale)
    object.__setattr__(made, "_pattern", known)
    object.__setattr__(made, "act", act)
    return made


def plain(term: Term) -> Term:
    """The linear term with the same labels and numbers."""
    return acting(term, LINEAR) if term.act else term


def is_real(term: Term) -> bool:
    """Whether every number of the term is real."""
    return all([factor.dtype.kind != "c" for factor in term.factors])


def conjugated(term: Term) -> Term:
    """The linear term with the conjugate numbers."""
    if is_real(term):
        return plain(term)
    made = [factor if factor.dtype.kind != "c" else _conjugate(factor) for factor in term.factors]
    known = term._pattern
    if known is not None:
        return known.term([factor.array for factor in made], term.scale)  # type: ignore[union-attr]
    return plain(term).replace(factors=tuple(made))


def _conjugate(factor: Factor | OperatorFactor) -> Factor | OperatorFactor:
    if isinstance(factor, Factor):
        return Factor(np.conjugate(factor.array), factor.labels, factor.name)
    operation = factor.operation
    turned = getattr(operation, "conjugated", None) or Conjugated(operation)
    return OperatorFactor(turned, factor.left, factor.right, factor.name)


class Conjugated:
    """The operation of conjugate numbers: ``conj(A conj(x))``."""

    def __init__(self, operation: LinearOperation) -> None:
        self.operation, self.dtype, self.nbytes = operation, operation.dtype, operation.nbytes

    @property
    def conjugated(self) -> LinearOperation:
        """What it was before."""
        return self.operation

    def apply(self, array: Any) -> Any:
        """``conj(A) x``, along axis 0."""
        return np.conjugate(self.operation.apply(np.conjugate(array)))

    def apply_transposed(self, array: Any) -> Any:
        """The transposed operation."""
        return np.conjugate(self.operation.apply_transposed(np.conjugate(array)))

    def with_arrays(self, change: Callable[[Any], Any]) -> Conjugated:
        return Conjugated(self.operation.with_arrays(change))


def settled_act(term: Term, in_real: bool, out_real: bool) -> list[Term]:
    """The terms with this meaning between arrays of which these are real.

    Into a real array, a term takes the real part unless it is real altogether: ``Re(T conj(h)) = Re(conj(T) h)``. From
    a real array, ``conj(h) = h``. A real part that lies in a complex array is spelled out, ``(T h + conj(T h)) / 2``.
    """
    act = term.act
    if act == CONJUGATE:
        if in_real:
            term, act = plain(term), LINEAR
        elif out_real:
            return [acting(conjugated(term), REAL)]
        else:
            return [term]
    if out_real:
        return [acting(term, LINEAR if in_real and is_real(term) else REAL)]
    if act == LINEAR:
        return [term]
    if is_real(term) and in_real:
        return [plain(term)]
    half = term.times(0.5)
    return [plain(half), acting(conjugated(half), LINEAR if in_real else CONJUGATE)]


def transposed(term: Term, in_real: bool, out_real: bool) -> Term:
    """The term that takes c to what pairs with h as c pairs with the term's value: ``Re(sum(c y)) = Re(sum(. h))``."""
    if term.act == CONJUGATE:
        return acting(conjugated(term).T, CONJUGATE)
    back = plain(term).T
    (settled,) = settled_act(back, out_real, in_real)
    return settled


def real_part(term: Term) -> Term | None:
    """A linear term for the real part, if that is the real part of one array: real arrays beside it stay."""
    kinds = [factor.dtype.kind for factor in term.factors]
    if kinds.count("c") != 1:
        return plain(term) if "c" not in kinds else None
    place = kinds.index("c")
    factor = term.factors[place]
    if not isinstance(factor, Factor):
        return None
    real = np.real(factor.array)
    part = Factor(np.ascontiguousarray(real) if type(real) is np.ndarray else real, factor.labels, factor.name)
    if part.array.shape != factor.array.shape:  # a number, of which NumPy makes a row
        part = Factor(np.reshape(part.array, factor.array.shape), factor.labels, factor.name)
    factors = (*term.factors[:place], part, *term.factors[place + 1 :])
    known = term._pattern
    if known is not None:
        return known.term([one.array for one in factors], term.scale)  # type: ignore[union-attr]
    return plain(term).replace(factors=factors)
