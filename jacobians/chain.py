"""The chain rule as a generalized matrix product: freshen, unify, concatenate.

- `chain(outer, inner)`: the term of ``outer after inner``, nothing computed.
- `resolve(term)`: relations that have become redundant are composed, joined or dropped.
- `diagonal(term)`: the entries where out and inp are the same index.
"""

from __future__ import annotations

import numpy as np

from .errors import ChainError
from .labels import Label, apply, apply_axes, flatten, fresh, size_of, unify
from .terms import Factor, Joined, Map, Term, acting, compose, join, tabulate

__all__ = ["chain", "diagonal", "resolve"]


def chain(outer: Term, inner: Term) -> Term | None:
    """The term of the composition, or None where it is zero because no indices meet.

    Parameters
    ----------
    outer, inner : Term
        ``outer.in_shape`` must be ``inner.out_shape``.

    Raises
    ------
    ChainError
        If the shapes differ.

    Examples
    --------
    >>> from jacobians.labels import Label
    >>> from jacobians.terms import Factor
    >>> import numpy as np
    >>> i, j, k, m = (Label(2, name) for name in "ijkm")
    >>> A = Term(((i,),), ((j,),), (Factor(np.ones((2, 2)), (i, j)),))
    >>> B = Term(((k,),), ((m,),), (Factor(np.ones((2, 2)), (k, m)),))
    >>> chain(A, B)
    J[i | m] = A[i j] B[j m]
    """
    if outer.in_shape != inner.out_shape:
        raise ChainError(outer.in_shape, inner.out_shape)
    if outer.labels.keys().isdisjoint(inner.labels):
        substitution, joints = unify(outer.inp, inner.out)
        inner = inner.relabel(substitution)
    else:  # under fresh labels, and at once under those that they are unified with
        renamed = fresh(inner.labels)
        substitution, joints = unify(outer.inp, apply_axes(renamed, inner.out))
        inner = inner.relabel({label: apply(substitution, new) for label, new in renamed.items()})
    outer = outer.relabel(substitution)
    maps = outer.maps + inner.maps + tuple([Map.of_equal(a, b) for a, b in joints])
    free = {*flatten(outer.out), *flatten(inner.inp)}
    middle = dict.fromkeys(flatten(outer.inp) + flatten(inner.out) + outer.bound + inner.bound)
    bound = tuple([label for label in middle if label not in free])
    return resolve(Term(outer.out, inner.inp, outer.factors + inner.factors, maps, bound, outer.scale * inner.scale))


def diagonal(term: Term) -> Term | None:
    """The covector over `out` of the entries where `out` and `inp` are the same index; shapes must be equal."""
    substitution, joints = unify(term.out, term.inp)
    term = term.relabel(substitution)
    maps = term.maps + tuple([Map.of_equal(a, b) for a, b in joints])
    kept = set(flatten(term.out))
    bound = tuple([label for label in term.labels if label not in kept])
    found = resolve(Term(term.out, (), term.factors, maps, bound, term.scale))
    return found if found is None else acting(found, term.act)


def resolve(term: Term) -> Term | None:
    """Simplify the maps of a term until nothing changes; None is zero.

    Identities become relabellings, two maps to one label are joined, a map into a map's source is composed, and a
    relation that determines nothing of interest is dropped. Relations that are tangled are tabulated.
    """
    if 0 in [label.size for label in term.labels]:
        return None
    patience = 16 + 8 * len(term.maps)  # each step removes a map or a source; a tangle that outlives this is tabulated
    while term.maps:
        patience -= 1
        result = _tabulated(term, list(term.maps)) if patience == 0 else _simpler(term)
        if result is None or result is term:
            return result
        term = result
    return term


def _simpler(term: Term) -> Term | None:
    """The term after the first step that changes it; the term itself where none does, None where it is zero."""
    for step in (_rename, _tabulate_tangle, _compose_two, _join_two, _drop_one):
        result = step(term)
        if result is not term:
            return result
    return term


def _without(term: Term, relation: Map) -> tuple[Map, ...]:
    return tuple([other for other in term.maps if other is not relation])


def _rename(term: Term) -> Term | None:
    """``{k = i}`` means that k and i are one label."""
    for relation in term.maps:
        if not relation.is_identity or not relation.dst or not relation.src:
            continue
        if len(set(relation.labels)) < len(relation.labels):
            continue
        single, group = (relation.dst, relation.src) if len(relation.dst) == 1 else (relation.src, relation.dst)
        others = _without(term, relation)
        tangled = any(single[0] in m.labels and not set(group).isdisjoint(m.labels) for m in others)
        if len(single) != 1 or tangled or single[0] in group:
            continue
        renamed = term.replace(maps=others).relabel({single[0]: group})
        free = renamed.free
        return renamed.replace(bound=tuple([label for label in renamed.bound if label not in free]))
    return term


def _join_two(term: Term) -> Term | None:
    """Two maps that determine the same labels: the pairs of sources that agree."""
    owner: dict = {}
    for relation in term.maps:
        for label in relation.dst:
            if label in owner:
                joined = join(owner[label], relation)
                if joined is None:
                    return None
                maps, bound = _without(term, relation) + joined.maps, term.bound + joined.pairs
                return term.replace(factors=term.factors + _masks(term, joined), maps=maps, bound=bound)
            owner[label] = relation
    return term


def _masks(term: Term, joined: Joined) -> tuple[Factor, ...]:
    """What is zero where recorded indices do not agree, in the precision of the term."""
    kinds = [factor.dtype for factor in term.factors]
    dtype = np.result_type(*kinds) if kinds else np.dtype(float)
    return tuple([Factor(mask.array.astype(dtype), mask.labels) for mask in joined.masks])


def _compose_two(term: Term) -> Term:
    """A label that is determined by one map and determines another: the second one skips it."""
    for inner in term.maps:
        for outer in term.maps:
            if outer is not inner and not set(outer.src).isdisjoint(inner.dst):
                return term.replace(maps=(*_without(term, outer), compose(outer, inner)))
    return term


def _tabulate_tangle(term: Term) -> Term | None:
    """Maps that determine labels in part, twice, or in a cycle: list the positions where all of them hold."""
    tangled = _tangled(term.maps)
    if not tangled:
        return term
    component = [tangled[0]]
    grown = True
    while grown:
        known = {label for relation in component for label in relation.labels}
        more = [m for m in term.maps if m not in component and not known.isdisjoint(m.labels)]
        component += more
        grown = bool(more)
    return _tabulated(term, component)


def _tabulated(term: Term, component: list[Map]) -> Term | None:
    """The term with some of its maps replaced by the list of all positions where they hold."""
    kept = {label for factor in term.factors for label in factor.labels} | set(term.free)
    listed = tabulate(component, kept)
    if listed is None:
        return None
    gone = {label for relation in component for label in relation.labels if label not in kept}
    bound = tuple([label for label in term.bound if label not in gone])
    others = tuple([m for m in term.maps if m not in component])
    return term.replace(maps=others + listed.maps, bound=bound + listed.pairs)


def _tangled(maps: tuple[Map, ...]) -> list[Map]:
    """Maps for which joining or composing two at a time would not come to an end."""
    if len(maps) == 1:
        labels = maps[0].labels
        return [] if len({*labels}) == len(labels) else [maps[0]]
    result = []
    ends: list[tuple[set[Label], set[Label]]] = []
    for relation in maps:
        dst, src = {*relation.dst}, {*relation.src}
        if len(dst | src) < len(relation.labels):
            result.append(relation)
        for other_dst, other_src in ends:
            if not dst.isdisjoint(other_dst) and (dst != other_dst or not src.isdisjoint(other_src)):
                result.append(relation)
            if not dst.isdisjoint(other_src) and not src.isdisjoint(other_dst):
                result.append(relation)
        ends.append((dst, src))
    return result


def _drop_one(term: Term) -> Term:
    """A bound label that is determined and occurs nowhere else is summed over exactly one value.

    If different sources determine all of different values, each determines the other, too.
    """
    bound = set(term.bound)
    for relation in term.maps:
        for side, other in ((relation.dst, relation.src), (relation.src, relation.dst)):
            if not side or not bound.issuperset(side) or (side is relation.src and not _is_bijective(relation)):
                continue
            others = _without(term, relation)
            used = {label for part in (*term.factors, *others) for label in part.labels} | set(other)
            if used.isdisjoint(side):
                kept = tuple([label for label in term.bound if label not in side])
                return term.replace(maps=others, bound=kept)
    return term


def _is_bijective(relation: Map) -> bool:
    distinct = len({*relation.labels}) == len(relation.labels)  # else not all combinations occur: as in a trace
    return distinct and bool(relation.injective) and size_of(relation.src) == size_of(relation.dst)
