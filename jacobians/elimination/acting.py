"""Chain and merge terms that act on conjugate tangents or give real parts.

Where a graph has a complex vertex, `joined` and `merged` stand for the product and the sum of plain terms, and lead
back to them: A after B is ``A B``, after the conjugate of B it acts on the conjugate; the conjugate of A after B has
``A conj(B)``; a real part stays one term as long as what follows is real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..terms import CONJUGATE, LINEAR, REAL, Term, acting, conjugated, is_real, plain, real_part, settled_act
from .merge import merge

__all__ = ["joined", "merged"]

Join = Callable[[Term, Term], Term | None]


def joined(outer: Sequence[Term], inner: Sequence[Term], in_real: bool, out_real: bool, join: Join) -> list[Term]:
    """The product of two sums of terms between arrays of which these are real."""
    found: list[Term] = []
    for left in outer:
        for right in inner:
            if left.act or right.act:
                for term in _pair(left, right, in_real, join):
                    found += _between(term, in_real, out_real)
            else:
                term = join(left, right)
                if term is not None:
                    found.append(term)
    return found


def _between(term: Term, in_real: bool, out_real: bool) -> list[Term]:
    """The terms of the simplest acts; between real arrays real numbers, if they are one array."""
    terms = settled_act(term, in_real, out_real)
    if in_real and out_real and terms[0].act == REAL:
        whole = real_part(terms[0])
        return terms if whole is None else [whole]
    return terms


def _pair(outer: Term, inner: Term, in_real: bool, join: Join) -> list[Term]:
    if inner.act == REAL:
        return _after_real(outer, inner, in_real, join)
    act = outer.act
    if act == LINEAR:
        return _acting(join(outer, plain(inner)), inner.act)
    if act == CONJUGATE:
        turned = CONJUGATE if inner.act == LINEAR else LINEAR
        return _acting(join(plain(outer), conjugated(inner)), turned)
    product = join(plain(outer), plain(inner))  # Re(A B conj(h)) = Re(conj(A B) h)
    return _acting(product if product is None or inner.act == LINEAR else conjugated(product), REAL)


def _acting(term: Term | None, act: str) -> list[Term]:
    return [] if term is None else [acting(term, act)]


def _after_real(outer: Term, inner: Term, in_real: bool, join: Join) -> list[Term]:
    """What follows ``Re(B h)``: a real term leaves it the real part; of a complex one, ``A + conj(A)`` does."""
    linear = plain(inner)
    if outer.act == REAL:
        whole = real_part(outer)
        if whole is not None:
            return _acting(join(whole, linear), REAL)
        half = plain(outer).times(0.5)
        return [*_acting(join(half, linear), REAL), *_acting(join(conjugated(half), linear), REAL)]
    if is_real(outer):
        return _acting(join(outer, linear), REAL)
    whole = real_part(inner) if in_real else None
    if whole is not None:
        return _acting(join(outer, whole), LINEAR)
    half = outer.times(0.5)
    back = _acting(join(half, conjugated(linear)), LINEAR if in_real else CONJUGATE)
    return [*_acting(join(half, linear), LINEAR), *back]


def merged(terms: Sequence[Term], dtype: np.dtype, *, densify: bool = True) -> list[Term]:
    """Fewer terms with the same sum: those of one act are merged, in the precision of the numbers that they have."""
    groups: dict[str, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.act, []).append(term)
    found = []
    for act, group in groups.items():
        numbers = dtype
        if act == REAL and not all([is_real(term) for term in group]):
            numbers = np.result_type(dtype, np.complex64)
        same = merge([plain(term) for term in group], numbers, densify=densify) if len(group) > 1 else group
        found += [acting(term, act) for term in same]
    return found
