"""A term down to its normal form: at most one dense factor, and maps that only place its entries.

In the result every bound label is the source of a map into `out` or `inp`, and the factor carries no determined label,
so that each entry of the factor belongs at one position of the Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..labels import Label, size_of
from ..terms import Factor, Map, OperatorFactor, Term
from .network import contract_factors
from .relations import gather, scatter_factor

__all__ = ["apply_operators", "reduce_term"]


def reduce_term(term: Term) -> Term:
    """The normal form of a term, everything contracted; the maps of `term` must be resolved."""
    if any(isinstance(factor, OperatorFactor) for factor in term.factors):
        term = apply_operators(term)
    free = term.free
    factors: list[Factor] = list(term.factors)  # type: ignore[arg-type]
    kept: list[Map] = []
    for relation in term.maps:
        factors = [gather(factor, relation) for factor in factors]
        kept += _free_part(relation, free)
    determined = {label for relation in term.maps for label in relation.dst}
    sources = dict.fromkeys([label for relation in kept for label in relation.src])  # in order, as no set of labels is
    carried = {label for factor in factors for label in factor.labels}
    scale, bound = term.scale, []
    for label in term.bound:
        if label in sources:
            bound.append(label)
        elif label not in carried and label not in determined:
            scale *= label.size
    if len(factors) > 1:
        factors, scale = scale_smallest(factors, scale), 1.0
    core = (contract_factors(factors, [*free, *sources]),) if factors else ()
    return Term(term.out, term.inp, core, tuple(kept), tuple(bound), scale)


def scale_smallest(factors: list[Factor], scale: float) -> list[Factor]:
    """The factors with the scale in the smallest, so that no pass over their product is needed."""
    if scale == 1:
        return factors
    smallest = min(range(len(factors)), key=lambda n: size_of(factors[n].labels))
    scaled = Factor(factors[smallest].array * scale, factors[smallest].labels)
    return [*factors[:smallest], scaled, *factors[smallest + 1 :]]


def _free_part(relation: Map, free: dict[Label, None]) -> list[Map]:
    """The relation without the bound labels that it determines: they have been gathered away."""
    wanted = [label for label in relation.dst if label in free]
    if len(wanted) == len(relation.dst):
        return [relation]
    components = relation.components() if wanted else {}
    return [Map.of((label,), relation.src, components[label]) for label in wanted]


def apply_operators(term: Term) -> Term:
    """The term with every operator applied to what it meets, or materialised where it meets nothing."""
    term = _untied(_gathered(term))
    while True:
        operators = [factor for factor in term.factors if isinstance(factor, OperatorFactor)]
        if not operators:
            return term
        for operator in operators:
            applied = _apply(term, operator, transposed=False) or _apply(term, operator, transposed=True)
            if applied is not None:
                term = applied
                break
        else:
            term = _picked(term, operators[0]) or _materialised(term, operators[0])


def _gathered(term: Term) -> Term:
    """The term without the maps to labels of dense factors alone, which are what an operator meets behind the map."""
    for relation in term.maps:
        others = [part for part in (*term.factors, *term.maps) if part is not relation and not isinstance(part, Factor)]
        outside = set(term.free).union(*[part.labels for part in others])
        if outside.isdisjoint(relation.dst):
            factors = tuple([gather(f, relation) if isinstance(f, Factor) else f for f in term.factors])
            maps = tuple([other for other in term.maps if other is not relation])
            bound = tuple([label for label in term.bound if label not in relation.dst])
            term = term.replace(factors=factors, maps=maps, bound=bound)
    return term


def _untied(term: Term) -> Term:
    """The term in which no operator has a bound label twice on one side, as in a trace: it meets a delta instead."""
    if not any([isinstance(f, OperatorFactor) and f.is_tied for f in term.factors]):
        return term
    factors: list[Factor | OperatorFactor] = []
    deltas: list[Factor] = []

    def once(side: tuple[Label, ...], dtype: np.dtype) -> tuple[Label, ...]:
        labels: list[Label] = []
        for label in side:
            if label in labels and label in term.bound:
                deltas.append(Factor(np.eye(label.size, dtype=dtype), (label, Label(label.size))))
                label = deltas[-1].labels[1]
            labels.append(label)
        return tuple(labels)

    for factor in term.factors:
        if isinstance(factor, OperatorFactor) and factor.is_tied:
            left, right = once(factor.left, factor.dtype), once(factor.right, factor.dtype)
            factor = OperatorFactor(factor.operation, left, right, factor.name)
        factors.append(factor)
    bound = (*term.bound, *[delta.labels[1] for delta in deltas])
    return term.replace(factors=(*factors, *deltas), bound=bound)


def _materialised(term: Term, operator: OperatorFactor) -> Term:
    dense = operator.materialise()
    return term.replace(factors=tuple([dense if f is operator else f for f in term.factors]))


def _picked(term: Term, operator: OperatorFactor) -> Term | None:
    """The term with only those rows or columns of an operator that a map picks, if these are fewer than all."""
    for side, other in ((operator.left, operator.right), (operator.right, operator.left)):
        for relation in term.maps:
            rest = [part for part in (*term.factors, *term.maps) if part is not operator and part is not relation]
            used = set(term.free).union(other, relation.src, *[part.labels for part in rest])
            count = size_of(relation.src)
            if set(relation.dst) != set(side) or not used.isdisjoint(side) or count >= size_of(side):
                continue
            copies = tuple([Label(label.size) for label in relation.src])
            ones = Factor.on(np.eye(count, dtype=operator.dtype), (relation.src, copies))
            rows = operator.apply(scatter_factor(ones, relation), transposed=side is operator.left)
            rows = rows.relabel({copy: (label,) for copy, label in zip(copies, relation.src, strict=True)})
            factors = tuple([rows if f is operator else f for f in term.factors])
            maps = tuple([m for m in term.maps if m is not relation])
            return term.replace(factors=factors, maps=maps, bound=tuple([x for x in term.bound if x not in side]))
    return None


def _apply(term: Term, operator: OperatorFactor, *, transposed: bool) -> Term | None:
    """The term with one operator applied to the factors on one of its sides; None where they are not ready."""
    side = operator.left if transposed else operator.right
    source = set(side)
    free = term.free
    others = [factor for factor in term.factors if factor is not operator]
    blocked = any(isinstance(f, OperatorFactor) and not source.isdisjoint(f.labels) for f in others)
    if blocked or not source.isdisjoint(free) or any(not source.isdisjoint(m.src) for m in term.maps):
        return None
    dense = [factor for factor in others if isinstance(factor, Factor)]
    feeding = [m for m in term.maps if not source.isdisjoint(m.dst)]
    fed = _feed(dense, feeding, source, free, term)
    if fed is None:
        return None
    dense, maps = fed
    carriers = [factor for factor in dense if not source.isdisjoint(factor.labels)]
    rest = [factor for factor in dense if source.isdisjoint(factor.labels)]
    rest_labels = [label for part in (*rest, *maps) for label in part.labels]
    rest_labels += [label for f in others if isinstance(f, OperatorFactor) for label in f.labels]
    missing = [label for label in side if not any(label in factor.labels for factor in carriers)]
    carriers += [Factor(np.ones(label.size, operator.dtype), (label,)) for label in missing]
    block = contract_factors(carriers, [*free, *rest_labels, *operator.labels])
    result = operator.apply(block, transposed=transposed)
    waiting = [f for f in others if isinstance(f, OperatorFactor)]
    # What was carried and is no longer has been summed; what nothing ever carried still counts its size.
    before = {label for part in (*term.factors, *term.maps) for label in part.labels}
    after = {label for part in (result, *rest, *waiting, *maps) for label in part.labels}
    bound = tuple([label for label in term.bound if label in after or label not in before])
    return term.replace(factors=(result, *rest, *waiting), maps=maps, bound=bound)


def _feed(
    dense: list[Factor], feeding: Sequence[Map], source: set[Label], free: dict[Label, None], term: Term
) -> tuple[list[Factor], tuple[Map, ...]] | None:
    """Scatter along the maps that end in an operator's source, so that it meets dense factors."""
    maps = term.maps
    operated = [label for factor in term.factors if isinstance(factor, OperatorFactor) for label in factor.labels]
    for relation in feeding:
        others = tuple([m for m in maps if m is not relation])
        outside = {*operated}.union(*[m.labels for m in others])
        summed = set(relation.src)
        if not source.issuperset(relation.dst) or summed & set(free) or summed & outside:
            return None
        dense = [gather(factor, relation) for factor in dense]
        carriers = [factor for factor in dense if not summed.isdisjoint(factor.labels)]
        rest = [factor for factor in dense if summed.isdisjoint(factor.labels)]
        dtype = np.result_type(*[f.dtype for f in term.factors])
        missing = [label for label in relation.src if not any(label in f.labels for f in carriers)]
        carriers += [Factor(np.ones(label.size, dtype), (label,)) for label in missing]
        carriers = carriers or [Factor(np.ones((), dtype), ())]
        used = [label for part in (*rest, *others) for label in part.labels]
        block = contract_factors(carriers, [*free, *used, *operated, *relation.src])
        dense = [*rest, scatter_factor(block, relation)]
        maps = others
    return dense, maps
