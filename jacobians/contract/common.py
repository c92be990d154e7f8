"""Sums of products whose largest part is the same: ``A B C + A D C`` as ``A (B + D) C``.

Terms of a sum often differ in a few small factors, as the parts of a tangent kernel that belong to the weights and to
the biases of one layer: ``(D D') (A A')`` and ``(D D')``. What is different is multiplied out and added first, where a
plan tells that this takes fewer multiplications, so that the rest is multiplied once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..labels import Label, flatten, size_of
from ..terms import Factor, Term
from .network import contract_factors
from .path import plan_pairs

__all__ = ["with_common_factors"]

COMMON_LIMIT = 2**16
"""Entries of the result from which a plan is looked for."""


def with_common_factors(terms: list[Term]) -> list[Term]:
    """Fewer terms with the same sum, if there are some that share most of their work.

    Parameters
    ----------
    terms : list of Term
        Of ndarrays, without maps, of the same shapes.
    """
    if len(terms) < 2 or size_of(flatten(terms[0].out + terms[0].inp)) < COMMON_LIMIT:
        return terms
    result: list[Term] = []
    for term in terms:
        for n, other in enumerate(result):
            total = _together(other, term)
            if total is not None:
                result[n] = total
                break
        else:
            result.append(term)
    return result


def _together(a: Term, b: Term) -> Term | None:
    """The sum of two terms as one, or None where that is no less work."""
    names = _matched(a, b)
    if names is None:
        return None
    twins = _twins(a, b, names)
    # What both sum over may stand in what they share, or in what is different: A o, B o against A p, C p.
    summed = [label for label in a.bound if any([label in a.factors[m].labels for m, _ in twins])]
    for label in (None, *summed):
        chosen = [(m, n) for m, n in twins if label not in a.factors[m].labels]
        found = _factored(a, b, names, chosen) if len(chosen) > 1 else None
        if found is not None:
            return found
    return None


def _factored(a: Term, b: Term, names: dict[Label, Label], twins: Sequence[tuple[int, int]]) -> Term | None:
    """The sum of two terms with the product of these factors pulled out, or None where that is no less work."""
    shared: list[Factor] = [a.factors[m] for m, _ in twins]  # type: ignore[misc]
    kept = set(a.free).union(*[factor.labels for factor in shared])
    ours: list[Any] = [factor for m, factor in enumerate(a.factors) if m not in [m for m, _ in twins]]
    theirs: list[Any] = [factor for n, factor in enumerate(b.factors) if n not in [n for _, n in twins]]
    substitution = {label: (names[label],) for label in b.labels if label in names and names[label] is not label}
    free = set(a.labels)
    clash = {label: (Label(label.size, label.name),) for label in b.bound if label not in names and label in free}
    theirs = [factor.relabel({**clash, **substitution}) for factor in theirs]
    if not _is_worth(a, b, shared, [ours, theirs], kept):
        return None
    bound = tuple([label for label in a.bound if label in kept])
    if not ours and not theirs:
        return Term(a.out, a.inp, tuple(shared), bound=bound, scale=_scale(a) + _scale(b))
    groups = [tuple([label for label in dict.fromkeys(_all(rest)) if label in kept]) for rest in (ours, theirs)]
    labels = tuple(dict.fromkeys([*groups[0], *groups[1]]))
    total = _summand(ours, _scale(a), groups[0], labels) + _summand(theirs, _scale(b), groups[1], labels)
    return Term(a.out, a.inp, (*shared, Factor(total, labels)), bound=bound)


def _scale(term: Term) -> float:
    """The scale of a term, with the sizes of summed labels that no factor carries."""
    carried = {label for factor in term.factors for label in factor.labels}
    return term.scale * size_of([label for label in term.bound if label not in carried])


def _summand(factors: list[Factor], scale: float, own: Sequence[Label], labels: tuple[Label, ...]) -> Any:
    """A scaled product of factors, broadcastable over labels; a number for none."""
    if not factors:
        return scale
    if len(factors) == 1:
        return scale * contract_factors(factors, own).spread(labels)
    out = np.empty([label.size for label in own], np.result_type(*[factor.dtype for factor in factors]))
    out = contract_factors(factors, own, out).spread(labels)  # into an array: large intermediates are made in slices
    return out if scale == 1 else np.multiply(out, scale, out=out)


def _matched(a: Term, b: Term) -> dict[Label, Label] | None:
    """Which label of the first term each label of the second one is, as far as equal arrays tell; None if none is."""
    ours, theirs = flatten(a.out + a.inp), flatten(b.out + b.inp)
    if [label.size for label in ours] != [label.size for label in theirs]:
        return None
    names = dict(zip(theirs, ours, strict=True))
    if len(names) < len(theirs) or len(set(ours)) < len(ours):
        return None
    growing = True
    while growing:
        growing = False
        for factor in b.factors:
            if any([label in names for label in factor.labels]) and any(
                [label not in names for label in factor.labels]
            ):
                twin = next((other for other in a.factors if _fits(other, factor, names)), None)
                if twin is not None:
                    names.update(zip(factor.labels, twin.labels, strict=True))
                    growing = True
    return names


def _fits(ours: object, theirs: object, names: dict[Label, Label]) -> bool:
    """Whether two factors have the same array, and no label says that they stand elsewhere."""
    if not isinstance(ours, Factor) or not isinstance(theirs, Factor) or ours.array is not theirs.array:
        return False
    taken = set(names.values())
    pairs = zip(theirs.labels, ours.labels, strict=True)
    return all([names[there] is here if there in names else here not in taken for there, here in pairs])


def _twins(a: Term, b: Term, names: dict[Label, Label]) -> list[tuple[int, int]]:
    """The places of factors that are the same in both terms."""
    found: list[tuple[int, int]] = []
    for m, ours in enumerate(a.factors):
        for n, theirs in enumerate(b.factors):
            known = all([label in names for label in theirs.labels]) and n not in [n for _, n in found]
            if known and _fits(ours, theirs, names):
                found.append((m, n))
                break
    return found


def _all(factors: Sequence[Factor]) -> list[Label]:
    return [label for factor in factors for label in factor.labels]


def _is_worth(a: Term, b: Term, shared: list[Factor], rests: list[list[Factor]], kept: set[Label]) -> bool:
    """Whether the sum takes fewer multiplications than the terms, by their plans."""
    result = flatten(a.out + a.inp)
    before = sum([_work(list(term.factors), flatten(term.out + term.inp)) for term in (a, b)])  # type: ignore[arg-type]
    groups = [[label for label in dict.fromkeys(_all(rest)) if label in kept] for rest in rests]
    union = tuple(dict.fromkeys([label for group in groups for label in group]))
    after = size_of(union) + sum([_work(rest, group) for rest, group in zip(rests, groups, strict=True)])
    inputs = [factor.labels for factor in shared] + ([union] if union else [])
    if size_of(union) > size_of(result):
        return False
    return after + plan_pairs(inputs, _carried(inputs, result))[0].multiplications < before


def _work(factors: list[Factor], labels: Sequence[Label]) -> int:
    if len(factors) < 2:
        return 0
    inputs = [factor.labels for factor in factors]
    return plan_pairs(inputs, _carried(inputs, labels))[0].multiplications


def _carried(inputs: Sequence[Sequence[Label]], labels: Sequence[Label]) -> list[Label]:
    known = {label for group in inputs for label in group}
    return [label for label in labels if label in known]
