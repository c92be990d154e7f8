"""How two terms are joined, worked out once for each pair of patterns.

Chaining and settling decide by labels and sizes, never by numbers. `join` therefore runs them once on arrays without
numbers, writes down what they do to the factors, and repeats that for all terms of these patterns: a long program is a
few recipes, and the second call of a function plans nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np

from ..chain import chain
from ..contract import contract_factors, contraction, to_dense
from ..errors import StagingError
from ..labels import Axis, axes_of, flatten
from ..terms import Affine, Factor, Map, Pattern, Term, factor_of, moved, pattern_of, patterned, picks_part
from .contracting import contract_symmetric
from .notes import Notes, Step, gathered
from .owning import NOTHING_SPARE, room
from .settle import settle
from .shadows import Ledger, Shadow
from .shortcuts import Shortcut, called, multiplied, passing, sliced
from .slices import Slice, slice_of
from .tracks import Track, all_shadows, track
from .vectors import met

__all__ = ["join"]


def join(
    outer: Term,
    inner: Term,
    spare: frozenset[int] = NOTHING_SPARE,
    symmetric: bool = False,
    dtype: np.dtype | None = None,
) -> Term | None:
    """``settle(chain(outer, inner))``, or None where that is zero.

    Arrays whose ids are in `spare` may be written into; both terms are of no more use then. With `symmetric` the
    joined term is known to be so, and a large dense one is so exactly. A dtype is that of ones that may be written
    out.
    """
    left, right = outer._pattern or pattern_of(outer), inner._pattern or pattern_of(inner)
    if left is None or right is None:
        known = met(outer, inner, dtype)
        if known is not None:
            return known
        recipe = None
    elif left.starts or right.starts:
        recipe = _recipe(left.skeleton, right.skeleton)
        if not recipe or recipe.origins is None:
            recipe = _recipe(left, right)
    else:
        recipe = _recipe(left, right)
    if recipe is not None:
        if recipe and recipe.shortcut is not None and not (spare or symmetric):
            term = recipe.shortcut(outer, inner)
            if term is not None:
                return term
        return recipe.follow(outer, inner, spare, symmetric) if recipe else None
    term = _chained(outer, inner)
    return None if term is None else settle(term)


def _chained(outer: Term, inner: Term) -> Term | None:
    """`chain`; where recorded indices meet in a product with a vector, the vector is written out before."""
    try:
        return chain(outer, inner)
    except StagingError:
        if (outer.out and inner.inp) or outer.act or inner.act:
            raise
    return chain(outer if outer.out else _written_out(outer), inner if inner.inp else _written_out(inner))


def _written_out(vector: Term) -> Term:
    shape, rank = vector.out_shape + vector.in_shape, len(vector.out)
    kinds, axes = [factor.dtype for factor in vector.factors], axes_of(shape)
    array = to_dense([vector], shape, np.result_type(*kinds) if kinds else np.dtype(float))
    return Term(axes[:rank], axes[rank:], (Factor.on(array, axes),))


class _Call(NamedTuple):
    """A step on true ndarrays; one that takes a slice is told where that starts, which may differ from call to call."""

    function: Callable[..., Any]
    operands: tuple[int, ...]
    origin: int | None
    start: int | None


class _Recipe:
    """What joining terms of two patterns does to their factors.

    Parameters
    ----------
    chained : Term
        Their composition, of scale 1, before it is settled.
    settled : Term
    notes : Notes
        What settling did.
    shapes : dict of int to tuple of int
        The shapes that factors are given where chaining splits their labels.
    origins : dict of int to int, or None
        By the id of the index of a map: which of the starts of both patterns it has, where the recipe holds for all
        starts; else None.
    """

    __slots__ = (
        "is_matrix",
        "is_number",
        "is_product",
        "known",
        "labels",
        "moves",
        "moving",
        "once",
        "origins",
        "pairs",
        "patterns",
        "places",
        "prepared",
        "scale",
        "settled",
        "shapes",
        "shortcut",
        "slices",
        "steps",
        "tracks",
    )

    def __init__(
        self,
        chained: Term,
        settled: Term,
        notes: Notes,
        shapes: dict[int, tuple[int, ...]],
        origins: dict[int, int] | None,
    ) -> None:
        self.labels = [factor.labels for factor in chained.factors]
        self.places = notes.places(settled.factors)
        self.steps, self.shapes, self.settled, self.scale = notes.steps, shapes, settled, settled.scale
        self.patterns: dict[tuple[Axis, ...], Pattern | None] = {}
        self.tracks: dict[tuple[Any, ...], tuple[Track, tuple[Axis, ...]]] = {}
        self.is_number = len(self.places) == 1 and not settled.labels
        self.is_matrix = _is_matrix(settled, notes, self.places)
        known = origins or {}
        self.origins = None if origins is None else [known[id(m.index)] for m in settled.maps if id(m.index) in known]
        self.moving = [known.get(id(s.argument.index)) if isinstance(s.argument, Map) else None for s in self.steps]
        self.slices = _slices(self.labels, self.steps)
        self.moves = bool(self.origins) or any([origin is not None for origin in self.moving])
        # Most recipes multiply arrays and no more: then the pattern of the result is known before.
        only = not shapes and all([step.product for step in self.steps])
        self.pairs = [(*step.operands, len(step.argument) > 1) for step in self.steps] if only else []
        uses = Counter([*[place for first, second, _ in self.pairs for place in (first, second)], *self.places])
        self.once = [uses[first] == uses[second] == 1 for first, second, _ in self.pairs]
        self.known = self._pattern(tuple([factor.labels for factor in settled.factors])) if only else None
        plain = not (self.is_number or self.moves) and self.known is not None
        self.prepared: tuple[list[_Call], tuple[Axis, ...]] | None = None
        self.shortcut = self._shortcut()
        self.is_product = plain and len(self.labels) == 2 and self.pairs == [(0, 1, False)] and self.places == (2,)

    def _shortcut(self) -> Shortcut | None:
        """The recipe as one function, where it only multiplies two arrays, or takes them as they are."""
        pattern, count = self.known, len(self.labels)
        if pattern is None or self.moves or len(pattern.groups) != len(self.places):
            return None
        if not self.pairs:
            whole = self.places == tuple(range(count))
            return passing(pattern, self.scale, self.is_number) if whole else None
        if count == 2 and self.pairs == [(0, 1, False)] and self.places == (2,):
            return multiplied(pattern, self.scale, self.is_number)
        return None

    def follow(
        self,
        outer: Term,
        inner: Term,
        spare: frozenset[int] = NOTHING_SPARE,
        symmetric: bool = False,
    ) -> Term:
        """The joined term of two terms of these patterns."""
        if self.is_product and not spare:
            a, b = *outer.arrays, *inner.arrays
            array: Any = a * b if type(a) is not Shadow else a.times(b) if type(b) is Shadow else np.multiply(a, b)  # type: ignore[call-overload]
            return self.known.term((array,), outer.scale * inner.scale * self.scale)  # type: ignore[union-attr]
        arrays = [*outer.arrays, *inner.arrays]
        scale = outer.scale * inner.scale * self.scale
        starts = outer._pattern.starts + inner._pattern.starts if self.moves else ()  # type: ignore[union-attr]
        if self.known is not None:
            for n, (first, second, several) in enumerate(self.pairs):
                a, b = arrays[first], arrays[second]
                target = room(a, b, spare) if spare and self.once[n] else None
                if target is not None:
                    arrays.append(np.multiply(a, b, target))
                elif type(a) is type(b) is Shadow:
                    arrays.append(a.times(b))
                else:
                    arrays.append(_multiply(a, b) if several else a * b)
            pattern = self.known.at(tuple([starts[n] for n in self.origins])) if self.origins else self.known
            arrays = [arrays[place] for place in self.places]
            return self._made(pattern, arrays, scale) if self.is_number else pattern.term(arrays, scale)
        if self.prepared is not None and not symmetric and all([type(a) is np.ndarray for a in arrays]):
            calls, groups = self.prepared
            for call, operands, origin, start in calls:
                if start is None:
                    made = call(*[arrays[n] for n in operands])
                else:
                    made = call(arrays[operands[0]], start if origin is None else starts[origin])
                arrays.append(made if type(made) is np.ndarray else np.asarray(made))
            found = [arrays[place] for place in self.places]
        elif all_shadows(arrays):
            found, groups = self._predicted(arrays)
        else:
            found, groups = self._computed(arrays, starts, symmetric)
        pattern = self.patterns.get(groups) or self._pattern(groups)
        if self.origins and pattern is not None:
            pattern = pattern.at(tuple([starts[n] for n in self.origins]))
        return self._made(pattern, found, scale, groups)

    def _predicted(self, arrays: list[Any]) -> tuple[list[Any], tuple[Axis, ...]]:
        """The arrays of the result and their labels, all of them shadows: worked out once for each kind of them."""
        key = tuple([array.dtype for array in arrays])
        known = self.tracks.get(key)
        if known is None:
            groups: list[tuple[Axis, ...]] = []

            def run(fresh: list[Any]) -> list[Any]:
                found, labels = self._computed(fresh)
                groups.append(labels)
                return found

            known = self.tracks[key] = track(run, arrays), groups[0]
        return known[0].repeat(arrays), known[1]

    def _computed(
        self, arrays: list[Any], starts: tuple[int, ...] = (), symmetric: bool = False
    ) -> tuple[list[Any], tuple[Axis, ...]]:
        """The arrays of the result, each step run, and their labels."""
        labels = self.labels.copy()
        for place, shape in self.shapes.items():
            arrays[place] = np.reshape(arrays[place], shape)
        notes = zip(self.steps, self.moving, self.slices, strict=True)
        for (function, operands, given, product), origin, part in notes:
            start = starts[origin] if origin is not None and starts else 0
            if part is not None:
                arrays.append(part.of(arrays[operands[0]], start or given.index.start))
                labels.append(part.labels)
                continue
            argument: Any = moved(given, start) if start else given
            if product:
                first, second = operands
                arrays.append(_multiply(arrays[first], arrays[second]))
                labels.append(argument)
            else:
                if symmetric and self.is_matrix and len(arrays) == self.places[0]:
                    function = contract_symmetric
                made = function([factor_of(arrays[place], labels[place]) for place in operands], argument)
                arrays.append(made.array)
                labels.append(made.labels)
        groups = tuple([labels[place] for place in self.places])
        if self.prepared is None and not self.shapes:
            self._prepare(labels, groups)
        return [arrays[place] for place in self.places], groups

    def _prepare(self, labels: list[Axis], groups: tuple[Axis, ...]) -> None:
        """Note what the steps do to true ndarrays: the labels, which are known now, are the same every time."""
        calls: list[_Call] = []
        notes = zip(self.steps, self.moving, self.slices, strict=True)
        for (function, operands, argument, product), origin, part in notes:
            call, start = _multiply, None
            if part is not None:
                call, start = part.of, argument.index.start
            elif not product:
                if function is not contract_factors or len(operands) > 2:
                    return
                call = contraction([labels[n] for n in operands], argument)
            calls.append(_Call(call, operands, origin, start))
        self.prepared = calls, groups
        pattern = self._pattern(groups)
        if len(calls) > 1 or pattern is None or self.places != (len(self.labels),):
            return
        ((call, operands, origin, start),) = calls
        if operands != tuple(range(len(self.labels))) or len(operands) > 2:
            return
        if start is None and not self.moves:
            self.shortcut = called(pattern, self.scale, call, len(operands), self.is_number)
        elif start is not None and origin is not None and len(operands) == 1:
            self.shortcut = sliced(pattern, self.scale, call, origin, self.origins or (), self.is_number)

    def _made(self, pattern: Pattern | None, arrays: list[Any], scale: float, groups: Any = ()) -> Term:
        if self.is_number and scale != 1 and scale != -1:  # at once: else it would be multiplied in every sum
            arrays, scale = [arrays[0] * scale], 1.0
        if pattern is not None:
            return pattern.term(arrays, scale)
        factors = tuple([factor_of(array, labels) for array, labels in zip(arrays, groups, strict=True)])
        return self.settled.replace(factors=factors, scale=scale)

    def _pattern(self, groups: tuple[Axis, ...]) -> Pattern | None:
        """The pattern of the result; the order of labels in a contraction is only known when it is done."""
        term = self.settled
        if all([isinstance(relation.index, Affine) for relation in term.maps]):
            self.patterns[groups] = patterned(term.out, term.inp, groups, term.maps, term.bound)
        return self.patterns.get(groups)


def _slices(labels: Sequence[Axis], steps: Sequence[Step]) -> list[Slice | None]:
    """The steps that only take a part of an array along one axis."""
    known: list[Axis | None] = [*labels]
    found = []
    for function, operands, argument, product in steps:
        given = known[operands[0]]
        part = slice_of(given, argument) if function is gathered and given is not None else None
        known.append(argument if product else None if part is None else part.labels)
        found.append(part)
    return found


def _is_matrix(settled: Term, notes: Notes, places: tuple[int, ...]) -> bool:
    """Whether a term is one dense matrix, rows before columns, that the last step contracts."""
    labels = flatten(settled.out + settled.inp)
    last = notes.steps[-1] if notes.steps else None
    if last is None or last.function is not contract_factors or settled.maps or settled.bound:
        return False
    return len({*labels}) == len(labels) and last.argument == labels and places == (len(notes.made) - 1,)


def _multiply(a: Any, b: Any) -> Any:
    """The product of arrays of several axes, in the order of its labels in memory."""
    if type(a) is np.ndarray and type(b) is np.ndarray:
        return np.multiply(a, b, order="C")
    return np.multiply(a, b)


@lru_cache(maxsize=16384)
def _recipe(left: Pattern, right: Pattern) -> _Recipe | Literal[False] | None:
    """The recipe of two patterns; False where they never meet, None where joining depends on more (a diagonal)."""
    ledger = Ledger()
    outer, inner = [_apart(p, [Shadow(shape, np.dtype(float), ledger) for shape in p.sizes]) for p in (left, right)]
    chained = chain(outer, inner)
    if chained is None:
        return False
    shapes = {}
    before: list[Any] = [*outer.factors, *inner.factors]
    after: list[Any] = list(chained.factors)
    for place, (given, used) in enumerate(zip(before, after, strict=True)):
        if used.array is not given.array:
            if prod(used.array.shape) != prod(given.array.shape):
                return None
            shapes[place] = used.array.shape
    notes = Notes(chained.factors)
    return _Recipe(
        chained, settle(chained, notes), notes, shapes, _origins(left, right, outer.maps + inner.maps, chained)
    )


def _apart(pattern: Pattern, arrays: list[Any]) -> Term:
    """A term of a pattern whose maps have indices of their own, by which they are found again."""
    maps = tuple([Map(m.dst, m.src, Affine(*m.index)) for m in pattern.maps])  # type: ignore[arg-type]
    return Term(pattern.out, pattern.inp, tuple(map(factor_of, arrays, pattern.groups)), maps, pattern.bound)


def _origins(left: Pattern, right: Pattern, maps: tuple[Map, ...], chained: Term) -> dict[int, int] | None:
    """Which start each index has, where chaining has only put the maps of two skeletons side by side; else None."""
    alike = [id(relation.index) for relation in maps] == [id(relation.index) for relation in chained.maps]
    if not alike or left.skeleton is not left or right.skeleton is not right:
        return None
    return {id(relation.index): n for n, relation in enumerate([m for m in maps if picks_part(m)])}
