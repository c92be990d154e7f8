"""What the labels of terms prove about a Jacobian, in words.

Structure is never guessed from numbers: a Jacobian is called diagonal only if the indices of `out` and `inp` are the
same labels in every term.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..labels import flatten, size_of
from ..terms import CONJUGATE, LINEAR, REAL, Factor, OperatorFactor, Term

__all__ = ["describe", "is_diagonal"]


def is_diagonal(terms: Sequence[Term]) -> bool:
    """Whether every term has the same labels, all different, in `out` and `inp`, and no map places them."""
    return all(_is_diagonal(term) for term in terms)


def _is_diagonal(term: Term) -> bool:
    labels = flatten(term.out)
    placed = {label for relation in term.maps for label in relation.dst}
    return term.out == term.inp and len(set(labels)) == len(labels) and placed.isdisjoint(labels)


def describe(terms: Sequence[Term]) -> str:
    """A short text such as ``diagonal + rank 1``, ``block-diagonal over axis 0``, ``12 sparse``."""
    if not terms:
        return "zero"
    counts = Counter(_ACTS[term.act].format(_describe(term)) for term in terms)
    return " + ".join(word if count == 1 else f"{count} {word}" for word, count in counts.items())


def _is_hyperdiagonal(term: Term) -> bool:
    """Whether out and inp are one axis, repeated, as in a third derivative ``i i | i``."""
    placed = {label for relation in term.maps for label in relation.dst}
    return len(set(term.out + term.inp)) == 1 and len(term.out) > 1 and placed.isdisjoint(term.free)


_ACTS = {LINEAR: "{}", CONJUGATE: "{} on the conjugate", REAL: "real part of {}"}


def _describe(term: Term) -> str:
    if _is_hyperdiagonal(term) and flatten(term.out):
        return "diagonal"
    if _is_diagonal(term) and flatten(term.out):
        return "diagonal" if term.factors else "identity" if term.scale == 1 else "multiple of the identity"
    if any(isinstance(factor, OperatorFactor) for factor in term.factors):
        return "operator"
    if term.maps:
        return "sparse"
    deltas = [n for n, axis in enumerate(term.out) if axis and n < len(term.inp) and term.inp[n] == axis]
    if deltas:
        return f"block-diagonal over {'axis' if len(deltas) == 1 else 'axes'} {', '.join(map(str, deltas))}"
    if set(flatten(term.out)) & set(flatten(term.inp)):
        return "sparse"
    rank = _rank(term)
    if rank is not None:
        return f"rank {rank}"
    whole = any(term.free.keys() <= set(factor.labels) for factor in term.factors)
    return "dense" if whole or len(term.factors) < 2 else f"product of {len(term.factors)} factors"


def _rank(term: Term) -> int | None:
    """The size of the bound labels through which `out` and `inp` are connected, if that is a bottleneck."""
    out, inp = set(flatten(term.out)), set(flatten(term.inp))
    if not out or not inp or any(not out.isdisjoint(f.labels) and not inp.isdisjoint(f.labels) for f in term.factors):
        return None
    reached = set(out)
    grown = True
    while grown:
        near = [f for f in term.factors if not reached.isdisjoint(f.labels) and inp.isdisjoint(f.labels)]
        more = {label for factor in near for label in factor.labels} - reached
        reached |= more
        grown = bool(more)
    far = {label for f in term.factors if isinstance(f, Factor) and not inp.isdisjoint(f.labels) for label in f.labels}
    rank = size_of((reached - out) & far)
    return rank if rank < min(size_of(out), size_of(inp)) else None
