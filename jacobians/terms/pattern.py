"""Patterns: the labels of a term without its numbers.

Terms of one pattern differ only in their arrays and in their scale. Patterns are interned, so that what depends on
labels alone (what a rule yields for given shapes, how two terms are joined) is worked out once and found again by them.

- `pattern_of(term)`: its pattern.
- `Pattern.term(arrays, scale)`: a term of the pattern, made at once.
- `standardised(term)`: a term without numbers under standard labels, which may be kept and be the term of many calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from ..arrays import LASTING, settled
from ..labels import Axes, Axis, Label, flatten, size_of, standard_label, unfrozen
from .factor import Factor
from .maps import Affine, Map
from .term import Term

__all__ = ["Pattern", "PatternTerm", "factor_of", "moved", "pattern_of", "patterned", "picks_part", "standardised"]

_Factor = unfrozen(Factor)


VARIANTS = 65536
"""Variants of a skeleton that are kept."""


class Pattern:
    """The fields of a term of which only labels are known, with standard labels.

    Attributes
    ----------
    out, inp, bound, maps
        Those of a `Term`.
    groups : tuple of tuple of Label
        The labels of each factor.
    sizes : tuple of tuple of int
        The shape of each factor.
    labels : dict of Label to None
        All of them, free first.
    is_empty : bool
        Whether a label has size 0.
    starts : tuple of int
        Where the maps begin that pick a part: patterns that differ in nothing else are variants of one, the `skeleton`,
        which begins at 0. What is worked out for it holds for all of them: ``x[i]`` is one case, not one for each i.
    """

    __slots__ = (
        *("bound", "groups", "inp", "is_empty", "labels", "out", "sizes", "skeleton", "starts"),
        *("_maps", "_turned", "_variants"),
    )

    def __init__(self, out: Axes, inp: Axes, groups: tuple[Axis, ...], maps: tuple[Map, ...], bound: Axis) -> None:
        self.out, self.inp, self.groups, self.bound = out, inp, groups, bound
        self.sizes = tuple([tuple([label.size for label in group]) for group in groups])
        self.labels = dict.fromkeys((*flatten(out), *flatten(inp), *bound))
        self.is_empty = 0 in [label.size for label in self.labels]
        self.skeleton, self.starts = self, tuple([0 for relation in maps if picks_part(relation)])
        self._maps: tuple[Map, ...] | None = maps
        self._turned: Pattern | None = None
        self._variants: dict[tuple[int, ...], Pattern] = {self.starts: self}

    @property
    def maps(self) -> tuple[Map, ...]:
        if self._maps is None:
            waiting = iter(self.starts)
            self._maps = tuple(
                [
                    moved(relation, next(waiting)) if picks_part(relation) else relation
                    for relation in self.skeleton.maps
                ]
            )
        return self._maps

    def at(self, starts: tuple[int, ...]) -> Pattern:
        """The pattern that differs from this one in where its maps begin."""
        skeleton = self.skeleton
        found = skeleton._variants.get(starts)
        if found is None:
            found = Pattern.__new__(Pattern)
            for name in ("out", "inp", "groups", "bound", "sizes", "labels", "is_empty", "skeleton"):
                setattr(found, name, getattr(skeleton, name))
            found.starts, found._maps = starts, None
            if len(skeleton._variants) >= VARIANTS:
                skeleton._variants = {skeleton.starts: skeleton}
            skeleton._variants[starts] = found
        return found

    @property
    def turned(self) -> Pattern:
        """The pattern of the transposed terms."""
        skeleton = self.skeleton
        if skeleton._turned is None:
            parts = skeleton.inp, skeleton.out, skeleton.groups, skeleton.maps, skeleton.bound
            skeleton._turned = patterned(*parts)
        return skeleton._turned.at(self.starts)

    def term(self, arrays: Sequence[Any], scale: float = 1.0) -> Term:
        """A term of this pattern; each array fits the labels of its factor."""
        for array in arrays:
            if type(array) not in LASTING:
                arrays = [settled(array) for array in arrays]
                break
        term = PatternTerm()  # type: ignore[call-arg]
        term._pattern, term.arrays, term.scale = self, arrays, scale
        return term


class PatternTerm(Term):
    """A term that is a pattern with arrays and a scale; what else it tells is looked up there when somebody asks.

    Most terms of a long program are joined, by their patterns, and never asked.
    """

    __slots__ = ("_factors", "arrays")  # type: ignore[assignment]
    __init__ = object.__init__  # type: ignore[assignment]  # `Pattern.term` fills it
    __setattr__ = object.__setattr__  # type: ignore[assignment]  # what a pattern tells cannot be assigned
    _pattern: Pattern  # type: ignore[assignment]
    arrays: Sequence[Any]  # type: ignore[assignment]
    _factors: tuple[Factor, ...]

    @property
    def is_empty(self) -> bool:
        return self.scale == 0 or self._pattern.is_empty

    @property
    def nbytes(self) -> int:
        total = 0
        for array, sizes in zip(self.arrays, self._pattern.sizes, strict=True):
            total += prod(sizes) * array.dtype.itemsize
        return total

    @property
    def factors(self) -> tuple[Factor, ...]:  # type: ignore[override]
        try:
            return self._factors
        except AttributeError:
            self._factors = tuple(map(factor_of, self.arrays, self._pattern.groups))
            return self._factors

    # fmt: off
    out    = property(lambda self: self._pattern.out)     # type: ignore[assignment]
    inp    = property(lambda self: self._pattern.inp)     # type: ignore[assignment]
    maps   = property(lambda self: self._pattern.maps)    # type: ignore[assignment]
    bound  = property(lambda self: self._pattern.bound)   # type: ignore[assignment]
    labels = property(lambda self: self._pattern.labels)  # type: ignore[assignment]
    # fmt: on

    @property
    def T(self) -> Term:
        return self._pattern.turned.term(self.arrays, self.scale)

    def __reduce__(self) -> tuple[Any, ...]:
        return Term, (self.out, self.inp, self.factors, self.maps, self.bound, self.scale)


def factor_of(array: Any, labels: Axis) -> Factor:
    """``Factor(array, labels)``, made at once."""
    factor = _Factor()
    factor.array = array if type(array) in LASTING else settled(array)
    factor.labels = labels
    factor.name = ""
    factor.__class__ = Factor
    return factor


def pattern_of(term: Term) -> Pattern | None:
    """The pattern of a term; None where it holds more than arrays and affine maps (operators, lists of positions)."""
    if term._pattern is None:
        plain = all([isinstance(factor, Factor) and not factor.name for factor in term.factors])
        if not plain or not all([isinstance(relation.index, Affine) for relation in term.maps]):
            return None
        groups = [factor.labels for factor in term.factors]
        object.__setattr__(term, "_pattern", patterned(term.out, term.inp, groups, term.maps, term.bound))
    return term._pattern


def standardised(term: Term) -> Term:
    """The term of its pattern, which is found at once wherever it is met; itself where it has none."""
    pattern = pattern_of(term)
    return term if pattern is None else pattern.term(term.arrays, term.scale)


def patterned(out: Axes, inp: Axes, groups: Sequence[Axis], maps: Sequence[Map] = (), bound: Axis = ()) -> Pattern:
    """The pattern of these fields, under standard labels: they are numbered in the order out, inp, bound."""
    number: dict[Label, Label] = {}
    for group in (*out, *inp, bound):
        for label in group:
            if label not in number:
                number[label] = standard_label(len(number), label.size, label.name)
    named = [tuple([number[label] for label in group]) for group in (*out, *inp, *groups, bound)]
    first, second = len(out), len(out) + len(inp)
    relations = [
        (tuple([number[label] for label in m.dst]), tuple([number[label] for label in m.src]), m.index) for m in maps
    ]
    return _interned(
        tuple(named[:first]), tuple(named[first:second]), tuple(named[second:-1]), tuple(relations), named[-1]
    )


@lru_cache(maxsize=16384)
def _interned(out: Axes, inp: Axes, groups: tuple[Axis, ...], relations: tuple, bound: Axis) -> Pattern:
    maps = [Map(dst, src, index) for dst, src, index in relations]
    first = tuple([(m.dst, m.src, m.index._replace(start=0) if picks_part(m) else m.index) for m in maps])
    return _skeleton(out, inp, groups, first, bound).at(tuple([m.index.start for m in maps if picks_part(m)]))


@lru_cache(maxsize=16384)
def _skeleton(out: Axes, inp: Axes, groups: tuple[Axis, ...], relations: tuple, bound: Axis) -> Pattern:
    return Pattern(out, inp, groups, tuple([Map(dst, src, Affine(*index)) for dst, src, index in relations]), bound)


def picks_part(relation: Map) -> bool:
    """Whether an affine map takes a part of its labels, so that nothing but its start tells which."""
    _, step, modulus = relation.index
    return modulus is None and step > 0 and size_of(relation.dst) != size_of(relation.src)


def moved(relation: Map, start: int) -> Map:
    """The same map with another start."""
    return Map(relation.dst, relation.src, relation.index._replace(start=start))
