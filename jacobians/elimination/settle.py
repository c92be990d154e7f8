"""Which bound labels of a term to contract now.

A term is kept in the form in which a product with it is cheapest: a bound label is summed if the result is no larger
than the work that the separate factors cost, else the factors stay apart (a low-rank product). A result that carries
only indices of `out`, or only of `inp`, is at most as large as a value that exists anyway, and is always formed.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..contract import apply_operators, contract_factors, gather, scatter_factor, slide
from ..labels import Label, flatten, size_of
from ..terms import Factor, Map, OperatorFactor, Sliding, Term

__all__ = ["Work", "settle"]


class Work:
    """What settling does to dense factors; it decides by their labels alone, so that it can be written down."""

    def contract(self, factors: list[Factor], labels: Iterable[Label]) -> Factor:
        return contract_factors(factors, labels)

    def gather(self, factor: Factor, relation: Map) -> Factor:
        return gather(factor, relation)

    def scatter(self, factor: Factor, relation: Map) -> Factor:
        return scatter_factor(factor, relation)

    def slide(self, factors: list[Factor], relation: Map) -> Factor:
        return slide(factors, relation)


_DO = Work()


def settle(term: Term, work: Work = _DO) -> Term:
    """The same term with fewer factors, contracted where that pays."""
    if len(term.factors) + len(term.maps) < 2 and not term.bound:
        return term
    if any(isinstance(factor, OperatorFactor) for factor in term.factors):
        term = _meet_operators(term)
        if any(isinstance(factor, OperatorFactor) for factor in term.factors):
            return _fuse(term, work)
    term = _gather_bound(_slide_bound(term, work), work)
    term = _sum_bound(term, work)
    return _scatter_bound(_fuse(term, work), work)


def _slide_bound(term: Term, work: Work) -> Term:
    """Sum two of the three labels that a sliding map joins, where each is that of a vector which nothing else meets."""
    for relation in term.maps:
        if not isinstance(relation.index, Sliding) or len(relation.labels) != 3:  # a reshape may have split one
            continue
        bound, others = set(term.bound), [part for part in (*term.factors, *term.maps) if part is not relation]
        vectors: dict[Label, Factor] = {}
        for label in relation.labels:
            carriers = [part for part in others if label in part.labels]
            if label in bound and len(carriers) == 1 and carriers[0].labels == (label,):
                vectors[label] = carriers[0]  # type: ignore[assignment]
        if len(vectors) < 2:
            continue
        labels = list(vectors)[:2]
        product = work.slide([vectors[label] for label in labels], relation)
        rest = tuple([part for part in term.factors if not any([part is vectors[label] for label in labels])])
        maps = tuple([other for other in term.maps if other is not relation])
        kept = tuple([label for label in term.bound if label not in labels])
        term = Term(term.out, term.inp, (*rest, product), maps, kept, term.scale)
    return term


def _gather_bound(term: Term, work: Work) -> Term:
    """Gather every factor along the maps whose determined labels are all bound."""
    bound = set(term.bound)
    for relation in term.maps:
        if not bound.issuperset(relation.dst):
            continue
        factors = tuple([work.gather(factor, relation) for factor in term.factors])  # type: ignore[arg-type]
        kept = tuple([label for label in term.bound if label not in relation.dst])
        term = Term(term.out, term.inp, factors, tuple([m for m in term.maps if m is not relation]), kept, term.scale)
    return term


def _sum_bound(term: Term, work: Work) -> Term:
    """Contract bound labels one group at a time, the smallest result first, as long as one pays."""
    factors: list[Factor] = list(term.factors)  # type: ignore[arg-type]
    sources = {label for relation in term.maps for label in relation.labels}
    scale = term.scale
    bound = []
    for label in term.bound:
        carried = any(label in factor.labels for factor in factors)
        if not carried and label not in sources:
            scale *= label.size
        else:
            bound.append(label)
    candidates = [label for label in bound if label not in sources]
    if not candidates:
        return term if scale == term.scale else term.replace(bound=tuple(bound), scale=scale)
    out, inp = {*flatten(term.out)}, {*flatten(term.inp)}
    common = out & inp
    while candidates:
        options = [_option(label, factors, bound, sources) for label in candidates]
        for group, labels in sorted(options, key=lambda option: size_of(option[1])):
            shared = common | _shared(factors, out | inp)
            if labels <= out or labels <= inp or size_of(labels) <= sum(_work(f, shared) for f in group):
                rest = [factor for factor in factors if not any(factor is member for member in group)]
                factors = [*rest, work.contract(group, [label for label in term.labels if label in labels])]
                break
        else:
            break
        carried = {label for factor in factors for label in factor.labels}
        candidates = [label for label in candidates if label in carried]
    carried = {label for factor in factors for label in factor.labels}
    kept = tuple([label for label in bound if label in carried or label in sources])
    return Term(term.out, term.inp, tuple(factors), term.maps, kept, scale)


def _option(
    label: Label, factors: list[Factor], bound: list[Label], sources: set[Label]
) -> tuple[list[Factor], set[Label]]:
    """The factors that carry a label, and the labels of their product, summed over it and all that only they carry."""
    group = [factor for factor in factors if label in factor.labels]
    outside = {other for factor in factors if label not in factor.labels for other in factor.labels}
    gone = {other for other in bound if other not in outside and other not in sources}
    return group, {other for factor in group for other in factor.labels if other not in gone}


def _shared(factors: list[Factor], free: set[Label]) -> set[Label]:
    """The free labels that several factors carry: they run through a product as a batch.

    A factor whose labels another one has all (a diagonal beside a matrix) only scales it, and makes no batch.
    """
    groups = [set(factor.labels) for factor in factors]
    whole = [group for group in groups if not any(group < other for other in groups)]
    seen: set[Label] = set()
    twice: set[Label] = set()
    for group in whole:
        twice |= seen & group
        seen |= group
    return twice & free


def _work(factor: Factor, batch: set[Label]) -> int:
    """Multiplications of a product with this factor, for every batch index."""
    return size_of({*factor.labels, *batch})


def _fuse(term: Term, work: Work) -> Term:
    """Multiply factors that carry the same labels: entry by entry, the result is as large as each."""
    groups: dict[frozenset[Label], list[Factor]] = {}
    kept: list = []
    for factor in term.factors:
        if isinstance(factor, OperatorFactor):
            kept.append(factor)
        else:
            groups.setdefault(frozenset(factor.labels), []).append(factor)
    if all(len(group) == 1 for group in groups.values()):
        return term
    fused = [group[0] if len(group) == 1 else work.contract(group, group[0].labels) for group in groups.values()]
    return term.replace(factors=(*fused, *kept))


def _scatter_bound(term: Term, work: Work) -> Term:
    """Sum along a map whose source is bound and not smaller than what it determines.

    Several factors may carry the source if one has the labels of all: their product is as large as that one.
    """
    free = term.free
    for relation in term.maps:
        source, others = set(relation.src), [m for m in term.maps if m is not relation]
        carriers = [factor for factor in term.factors if not source.isdisjoint(factor.labels)]
        rest = tuple([factor for factor in term.factors if not any(factor is carrier for carrier in carriers)])
        outside = {label for part in (*others, *rest) for label in part.labels}
        widest = max(carriers, key=lambda factor: len(factor.labels), default=None)
        if (
            isinstance(widest, Factor)
            and source <= set(widest.labels) <= source | set(free)
            and all([isinstance(carrier, Factor) and set(carrier.labels) <= set(widest.labels) for carrier in carriers])
            and source.isdisjoint(free)
            and source.isdisjoint(outside)
            and set(relation.dst).isdisjoint(widest.labels)
            and size_of(relation.dst) <= size_of(relation.src)
        ):
            whole = widest if len(carriers) == 1 else work.contract(carriers, widest.labels)  # type: ignore[arg-type]
            scattered = work.scatter(whole, relation)
            bound = tuple([label for label in term.bound if label not in source])
            rest = (*rest, scattered)
            return _scatter_bound(Term(term.out, term.inp, rest, tuple(others), bound, term.scale), work)
    return term


def _meet_operators(term: Term) -> Term:
    """Apply the operators of a vector (no labels on one side): nothing is gained by keeping them.

    With labels on both sides an operator stays until a result is asked for, as long as all of its labels are free or
    nothing it meets is smaller than itself.
    """
    if flatten(term.out) and flatten(term.inp) and not any(_meets(term, f) for f in term.factors):
        return term
    return apply_operators(term)


def _meets(term: Term, operator: Factor | OperatorFactor) -> bool:
    """Whether an operator has a bound side that some dense factor carries."""
    if not isinstance(operator, OperatorFactor):
        return False
    bound = set(term.bound)
    dense = [factor for factor in term.factors if isinstance(factor, Factor)]
    return any(
        bound.issuperset(side) and any(set(side) <= set(f.labels) and len(f.labels) > len(side) for f in dense)
        for side in (operator.left, operator.right)
    )
