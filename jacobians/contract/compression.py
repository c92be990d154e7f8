"""Terms as a compressed sparse matrix, each entry written once, at its place.

A term puts an entry into each of some rows, and most rows have the terms in the same order of their columns. So the
entries of each row are counted, each term is written behind those before it, and only rows in which columns are out of
order (where a periodic stencil wraps around) are sorted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..labels import Axes, Label
from ..terms import Lattice, Term
from .assembly import _on_grid, _positions, is_native
from .lines import Lines, are_apart
from .ordering import Compressed, in_order, sort, unordered
from .places import grid_of
from .positions import Positions, Rule, rule_of
from .slots import Spaced, Summand, Together, portions, total

__all__ = ["Arranged", "Compressed", "Placed", "arrange", "compress", "is_arrangeable", "is_compressible"]


Labels = tuple[Label, ...]

SHORT = 16
"""Sizes up to which the indices of a label are told apart."""


class Placed(NamedTuple):
    """A reduced term whose rows and columns begin at these of a larger matrix.

    Attributes
    ----------
    term : Term
    row, column : int
    make : callable, optional
        Makes the same term with its numbers, if it has none yet: they are needed one term after the other. It may have
        several factors there, all on the grid of the term.
    """

    term: Term
    row: int = 0
    column: int = 0
    make: Callable[[], Term] | None = None


class Arranged(NamedTuple):
    """For each term the slots of its entries, in the order of its grid; columns and where the lines begin.

    `differ` tells of which terms all slots are known to differ.
    """

    slots: list[np.ndarray]
    differ: list[bool]
    indices: np.ndarray
    indptr: np.ndarray


class _Lane(NamedTuple):
    """Entries of which each stands in another line, as a rule: a term is one, or one for each index of short labels."""

    lines: Lines
    places: Positions
    values: list[_Value]
    """What is added at these places."""

    def summands(self, shape: tuple[int, ...]) -> list[Summand]:
        """What its numbers in places of this shape are the sum of; asked for once."""
        return [Summand.of(value.numbers.taken(value.part), value.scale, value.entries, shape) for value in self.values]

    def write(self, matrix: Compressed, slots: np.ndarray) -> None:
        """Write its columns, and the sum of its values, into the slots of a matrix, some thousands at a time.

        What is made on the way is as large as a portion: wide indices, products and sums.
        """
        columns = self.places.array(matrix.indices.dtype).reshape(slots.shape)
        for rows, where in portions(slots):
            matrix.indices[where] = columns[rows]
        del columns
        sums = self.summands(slots.shape)
        for rows, where in portions(slots):
            matrix.data[where] = total(sums, rows, where.shape, matrix.data.dtype)


class _Numbers:
    """The numbers of a term on its grid, made when a lane needs them, and forgotten when the last one has them.

    They are a product of arrays, which is multiplied when it is written.
    """

    __slots__ = ("arrays", "grid", "make", "place", "sizes", "waiting")

    def __init__(self, place: int, item: Placed, grid: Labels, sizes: tuple[int, ...]) -> None:
        self.place, self.make, self.grid, self.sizes, self.waiting = place, item.make, grid, sizes, 0
        self.arrays = None if item.make is not None else self._on_grid(item.term)

    def _on_grid(self, term: Term) -> list[Any]:
        factors = [term.replace(factors=(factor,)) for factor in term.factors] or [term]
        return [np.broadcast_to(_on_grid(factor, self.grid), self.sizes) for factor in factors]

    def taken(self, index: tuple[Any, ...]) -> list[Any]:
        """The numbers of a lane, each of which asks once."""
        arrays = self._on_grid(self.make()) if self.arrays is None else self.arrays  # type: ignore[misc]
        self.waiting -= 1
        self.arrays = arrays if self.waiting else None
        return [array[index] for array in arrays]


class _Value(NamedTuple):
    """What a term adds to a lane."""

    numbers: _Numbers
    part: tuple[Any, ...]
    scale: float
    entries: slice | None = None
    """Those of the lane that it is added to, if not to all."""


def is_compressible(terms: Sequence[Term]) -> bool:
    """Whether numbers and positions are known, and in true arrays."""
    return all([is_native(part) for term in terms for part in (*term.factors, *term.maps)])


def is_arrangeable(terms: Sequence[Term]) -> bool:
    """Whether positions are known."""
    return all([is_native(relation) for term in terms for relation in term.maps])


def compress(
    placed: Sequence[Placed], shape: tuple[int, int], dtype: np.dtype, *, by_columns: bool = False
) -> Compressed:
    """The sum of terms as a compressed matrix.

    Parameters
    ----------
    placed : sequence of Placed
        Of true arrays; see `is_compressible`.
    shape : pair of int
        Of the matrix.
    dtype : dtype
    by_columns : bool
        Whether its columns are compressed, not its rows.

    Examples
    --------
    >>> from jacobians.labels import Label
    >>> i = Label(3)
    >>> compress([Placed(Term(((i,),), ((i,),)))], (3, 3), np.dtype(float)).indptr.tolist()
    [0, 1, 2, 3]
    """
    matrix = _written(placed, shape, dtype, by_columns)
    return in_order(matrix, (shape[1], shape[0]) if by_columns else shape)


def _written(placed: Sequence[Placed], shape: tuple[int, int], dtype: np.dtype, by_columns: bool) -> Compressed:
    """The matrix with the entries of each line in the order of most lines."""
    count = shape[1] if by_columns else shape[0]
    lanes, groups = _lanes(placed, count, by_columns, np.int32 if max(shape) < 2**31 else np.int64)
    matrix = _empty(lanes, shape, count, dtype)
    together = Together(matrix.data, matrix.indices)
    for lane, slots in _slotted(matrix.indptr, lanes, groups):
        spaced = Spaced.of(slots) if together.pays_for(slots) else None
        if spaced is None:
            lane.write(matrix, slots)
        else:
            made = sum([value.numbers.make is not None for value in lane.values]) * dtype.itemsize
            made += (lane.places.key is not None) * matrix.indices.itemsize
            columns = lane.places.array(matrix.indices.dtype)
            together.add(spaced, columns, lane.summands(slots.shape), made * spaced.size)
    together.write()
    return matrix


def arrange(placed: Sequence[Placed], shape: tuple[int, int], *, by_columns: bool = False) -> Arranged | None:
    """Where the entries of terms stand in the compressed matrix of their sum, whose numbers are not looked at.

    The arguments are those of `compress`. None where entries meet at one place, but not all of two terms with each
    other.
    """
    count = shape[1] if by_columns else shape[0]
    grids = [tuple([label.size for label in grid_of(item.term)]) for item in placed]
    starts = [0, *accumulate([prod(sizes) for sizes in grids])]
    found = np.empty(starts[-1], np.intp)
    views = [found[n:m].reshape(sizes) for (n, m), sizes in zip(pairwise(starts), grids, strict=True)]
    bare = [item._replace(term=item.term.replace(factors=(), scale=1), make=None) for item in placed]
    lanes, groups = _lanes(bare, count, by_columns, np.int32 if max(shape) < 2**31 else np.int64)
    matrix = _empty(lanes, shape, count, np.dtype(np.intp))
    differ = [True] * len(placed)
    for lane, slots in _slotted(matrix.indptr, lanes, groups):
        matrix.indices[slots] = lane.places.array(matrix.indices.dtype).reshape(slots.shape)
        for n, times in Counter([value.numbers.place for value in lane.values]).items():
            differ[n] &= times == 1
        for value in lane.values:
            part, view = slots if value.entries is None else slots[value.entries], views[value.numbers.place]
            view[value.part] = part.reshape(view[value.part].shape)
    rows = unordered(matrix)
    if rows.size:
        matrix.data[:] = np.arange(matrix.data.size)
        sort(matrix, rows)
        if unordered(matrix).size:
            return None
        back = np.empty_like(matrix.data)
        back[matrix.data] = np.arange(back.size)
        found = back[found]
    return Arranged([found[n:m] for n, m in pairwise(starts)], differ, matrix.indices, matrix.indptr)


def _empty(lanes: Sequence[_Lane], shape: tuple[int, int], count: int, dtype: np.dtype) -> Compressed:
    """The matrix with places for the entries of each line, which are not written yet."""
    counts = np.zeros(count, np.intp)
    for lane in lanes:
        lane.lines.add_to(counts)
    total = int(counts.sum())
    kind = np.int32 if max(*shape, total) < 2**31 else np.int64
    indptr = np.zeros(count + 1, kind)
    np.cumsum(counts, out=indptr[1:])
    del counts
    return Compressed(np.empty(total, dtype), np.empty(total, kind), indptr)


def _lanes(placed: Sequence[Placed], count: int, by_columns: bool, kind: type) -> tuple[list[_Lane], list[Lines]]:
    """The lanes of terms, those with the same positions as one; and the lines that they stand in, each once."""
    lanes: list[_Lane] = []
    groups: list[Lines] = []
    alike: dict[tuple[int, int], _Lane] = {}
    known: dict[int, Lines] = {}
    positions: dict[object, list[Positions]] = {}
    for n, item in enumerate(placed):
        term, row, column, _ = item
        if term.is_empty:
            continue
        grid = grid_of(term)
        sizes = tuple([label.size for label in grid])
        numbers = _Numbers(n, item, grid, sizes)
        major, minor = _standing(term, term.out, grid, row), _standing(term, term.inp, grid, column)
        if by_columns:
            major, minor = minor, major
        for index in _splits(sizes):
            lines, places = [_once(_part(whole, index, kind), positions, kind) for whole in (major, minor)]
            own = known.get(id(lines))
            if own is None:
                own = known[id(lines)] = Lines.of(lines, count, kind)
                groups.append(own)
            same = alike.get((id(lines), id(places)))
            if same is None:
                same = alike[id(lines), id(places)] = _Lane(own, places, [])
                lanes.append(same)
            same.values.append(_Value(numbers, index, term.scale))
            numbers.waiting += 1
    return _joined(lanes, groups, count, kind)


def _joined(lanes: list[_Lane], groups: list[Lines], count: int, kind: type) -> tuple[list[_Lane], list[Lines]]:
    """The lanes with those that overlap on one diagonal as one: ``x[1:]`` and ``x[:-1]`` meet but for two entries."""
    diagonals: dict[tuple[int, ...], list[tuple[int, int, _Lane]]] = {}
    for lane in lanes:
        rules = [where.rule for where in (lane.lines.places, lane.places) if where.rule is not None]
        if len(rules) == 2 and all([len(rule.sizes) == 1 and not rule.wraps and rule.steps[0] > 0 for rule in rules]):
            (line, step), (place, pace) = [(rule.start, rule.steps[0]) for rule in rules]
            first = line // step
            key = step, pace, line % step, place - first * pace
            diagonals.setdefault(key, []).append((first, first + lane.places.size, lane))
    for (step, pace, line, place), found in diagonals.items():
        found.sort(key=lambda part: part[:2])
        while len(found) > 1:
            whole = [found.pop(0)]
            end = whole[0][1]
            while found and found[0][0] < end:
                end = max(end, found[0][1])
                whole.append(found.pop(0))
            if len(whole) > 1:
                first = whole[0][0]
                values = [
                    value._replace(entries=slice(start - first, stop - first))
                    for start, stop, lane in whole
                    for value in lane.values
                ]
                rules = [Rule((end - first,), a + first * b, (b,)) for a, b in ((line, step), (place, pace))]
                lines = next((group for group in groups if group.places.rule == rules[0]), None)
                if lines is None:
                    lines = Lines.of(Positions(rules[0]), count, kind)
                    groups.append(lines)
                gone = [id(lane) for _, _, lane in whole]
                lanes = [lane for lane in lanes if id(lane) not in gone]
                lanes.append(_Lane(lines, Positions(rules[1]), values))
    used = {id(lane.lines) for lane in lanes}
    return lanes, [group for group in groups if id(group) in used]


def _splits(sizes: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """One index for each lane: short labels are told apart beside a long one, so that lanes that meet are the same."""
    long = max(sizes, default=1)
    short = [size if size <= SHORT and size * size <= long else 0 for size in sizes]
    if not any(short) or prod([size for size in short if size]) > SHORT**2:
        return [(...,)]
    options = [range(size) if size else (slice(None),) for size in short]
    return list(product(*options))


def _standing(term: Term, axes: Axes, grid: Labels, offset: int) -> Rule | Lattice | np.ndarray:
    """The flat positions in `axes` over the grid of a term."""
    rule = rule_of(term, axes, grid, offset)
    if rule is not None:
        return rule
    return np.broadcast_to(_positions(term, axes, grid) + offset, [label.size for label in grid])


def _part(whole: Rule | Lattice | np.ndarray, index: tuple[Any, ...], kind: type) -> Positions:
    """The positions of a lane."""
    if isinstance(whole, Rule):
        return Positions(whole.part(index).settled())
    if isinstance(whole, Lattice):
        return Positions(None, lattice=whole.part(index))
    return Positions(None, whole[index].astype(kind).reshape(-1))


def _once(found: Positions, known: dict[object, list[Positions]], kind: type) -> Positions:
    """The positions, or known ones that are the same: in a symmetric pattern the lines are columns, too."""
    key = found.key
    if key is not None and key in known:
        return known[key][0]
    beside = known.setdefault(found.sketch(), [])
    same = next((other for other in beside if other.is_as(found, kind)), None)
    if same is None:
        beside.append(found)
        same = found
    if key is not None:
        known[key] = [same, found]  # a list is known by its id as long as it is there
    return same


def _slotted(indptr: np.ndarray, lanes: list[_Lane], groups: list[Lines]) -> Iterator[tuple[_Lane, np.ndarray]]:
    """Lanes in the order of their columns in most lines, and where their entries stand.

    Each begins in a line where the last one ended. What has been taken leaves the list, so that its positions and
    numbers are no memory any more. Meanwhile `indptr` tells where the next entry of each line goes.
    """
    ends = indptr[:-1]
    lanes.sort(key=_column)
    lanes.reverse()  # taken from the end
    if len(groups) == 1 or are_apart(groups, ends.size):
        running = {id(group): group.first(ends) for group in groups}
        while lanes:
            lane = lanes.pop()
            slots = running[id(lane.lines)]
            yield lane, slots
            slots += lane.lines.steps
        for group in groups:
            group.finish(ends, running[id(group)])
        _forward(indptr)
        return
    before: Lines | None = None
    slots = ends[:0]
    while lanes:
        lane = lanes.pop()
        if lane.lines is not before:
            if before is not None:
                before.finish(ends, slots)
            before = lane.lines
            slots = before.first(ends)
        yield lane, slots
        slots += lane.lines.steps
    if before is not None:
        before.finish(ends, slots)
    _forward(indptr)


def _forward(indptr: np.ndarray) -> None:
    """Where the lines begin, from where they end: each at the end of the one before it."""
    indptr[1:] = indptr[:-1].copy()
    indptr[0] = 0


def _column(lane: _Lane) -> int:
    """The column of a lane, well inside it and counted from the diagonal."""
    size = lane.places.size  # halves and quarters are where axes of grids begin, and wrap
    return sorted([lane.places.at(n) - lane.lines.places.at(n) for n in (size // 3, 2 * size // 5, 5 * size // 7)])[1]
