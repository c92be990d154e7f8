"""The algebra of maps: put one after the other, and join two that determine the same labels.

- `compose(outer, inner)`: replace in ``outer.src`` what `inner` determines.
- `join(left, right)`: both determine the same labels; keep the pairs of sources that agree.
- `lattice_of(relation)`: an index as steps over a grid, and perhaps one list.
- `tabulate(maps)`: list every position that satisfies all of them; what remains when relations are tangled.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ..arrays import pick, scatter
from ..labels import Axis, Label, size_of
from .factor import Factor
from .lattices import Lattice, substituted
from .maps import Affine, Map
from .memory import recall

__all__ = ["Joined", "compose", "join", "lattice_of", "spread", "tabulate"]


Table = dict[Label, np.ndarray]


def spread(values: Any, labels: Axis, grid: Axis) -> Any:
    """Reshape values over raveled `labels` so that they broadcast over the axes of `grid`."""
    array = values.reshape([label.size for label in labels])
    order = sorted(range(len(labels)), key=lambda n: grid.index(labels[n]))
    present = set(labels)
    return array.transpose(order).reshape([label.size if label in present else 1 for label in grid])


def compose(outer: Map, inner: Map) -> Map:
    """The map `outer` with the labels of ``inner.dst`` in its source replaced by ``inner.src``.

    ``k = outer[j]`` and ``j = inner[i]`` give ``k = outer[inner[i]]``; other labels of the source stay.
    """
    if outer.src == inner.dst and not inner.src and isinstance(inner.index, Affine):
        start = inner.index.start
        return Map.of(outer.dst, (), outer.positions()[start : start + 1])
    if outer.src == inner.dst and _plain(outer.index) and _plain(inner.index):
        start, step = outer.index.start + outer.index.step * inner.index.start, outer.index.step * inner.index.step
        return Map(outer.dst, inner.src, Affine(start, step))
    grid = tuple(dict.fromkeys([*inner.src, *[label for label in outer.src if label not in inner.dst]]))
    number = {label: n for n, label in enumerate(dict.fromkeys((*inner.dst, *grid)))}
    groups = [tuple([number[label] for label in group]) for group in (outer.src, inner.dst, inner.src)]
    sizes = tuple([label.size for label in number])
    key = "composed", _key(outer), _key(inner), *groups, sizes, size_of(outer.dst)
    index, injective = recall(key, (outer.index, inner.index), lambda: _composed(outer, inner, grid))
    return Map(outer.dst, grid, index, injective)


def _composed(outer: Map, inner: Map, grid: Axis) -> tuple[Affine | Any, bool | None]:
    """The index over a grid of the sources, and whether it is injective."""
    both = outer.injective and inner.injective and set(inner.dst) <= set(outer.src)
    known = _lattice(outer, inner, grid)
    if known is not None:
        return known, True if both else None
    determined = inner.components()
    flat: Any = np.zeros([1] * len(grid), dtype=np.intp)
    for label in outer.src:
        if label in determined:
            position = spread(determined[label], inner.src, grid)
        else:
            position = spread(np.arange(label.size), (label,), grid)
        flat = flat * label.size + position
    index = np.broadcast_to(pick(outer.positions(), flat), [label.size for label in grid])
    made = Map.of(outer.dst, grid, index, True if both else None)
    return made.index, made.injective


def _lattice(outer: Map, inner: Map, grid: Axis) -> Affine | Lattice | None:
    """The same where it is a few numbers, with a list of positions or without; else None."""
    count, source = len(inner.dst), outer.src
    place = next((n for n in range(len(source)) if source[n : n + count] == inner.dst), None)
    if place is None or len(grid) != len(inner.src) + len(source) - count or 0 in [label.size for label in grid]:
        return None
    left, right = lattice_of(outer), lattice_of(inner)
    found = None if left is None or right is None else substituted(left, place, count, right)
    if found is None:
        return None
    least = found.merged()
    if least.listed is not None:
        return found if least.listed.size < size_of(grid) else None
    if len(least.sizes) > 1:
        return found
    return Affine(least.start, least.steps[0]) if least.sizes and least.steps[0] else None


def lattice_of(relation: Map) -> Lattice | None:
    """The index of a map over the labels of its source; None where it is recorded, or told in other ways."""
    sizes, index = [label.size for label in relation.src], relation.index
    if isinstance(index, Lattice):
        return index.split(sizes)
    if isinstance(index, np.ndarray):
        return Lattice(sizes, 0, [0] * len(sizes), index, range(len(sizes)), 1)
    if not isinstance(index, Affine) or index.modulus is not None:
        return None
    steps, step = [], index.step
    for size in reversed(sizes):
        steps.append(step)
        step *= size
    return Lattice(sizes, index.start, steps[::-1])


def _key(relation: Map) -> Hashable:
    """The index of a map: by its numbers where it is affine, by its array else; and whether it is injective."""
    index = relation.index
    return index if isinstance(index, Affine) else id(index), relation.injective


def _plain(index: Affine | np.ndarray) -> TypeGuard[Affine]:
    return isinstance(index, Affine) and index.modulus is None


class Joined(NamedTuple):
    """Maps that together say that maps agree, and the label of the pairs if one was needed.

    Where that depends on the numbers of a recorded index, masks are zero for the positions that do not agree.
    """

    maps: tuple[Map, ...]
    pairs: Axis
    masks: tuple[Factor, ...] = ()


def join(left: Map, right: Map) -> Joined | None:
    """Replace `right`, which determines the same labels as `left` from other sources, by relations of the sources.

    The result holds with `left` in place of both. It is None where no sources agree. If one source determines the
    other, the result is one map between them; else it is a new label that lists the pairs, with a map to each source.
    """
    right = _reorder(right, left.dst)
    if left.is_recorded or right.is_recorded:
        return _join_recorded(left, right)
    left_index, right_index, count = _agreeing(left, right)
    if count == 0:
        return None
    if _is_everything(left_index, left, count):
        return Joined((_of(right.src, left.src, right_index, left.injective),), ())
    if _is_everything(right_index, right, count):
        return Joined((_of(left.src, right.src, left_index, right.injective),), ())
    pairs = () if count == 1 else (Label(count),)
    maps = (_of(left.src, pairs, left_index, right.injective), _of(right.src, pairs, right_index, left.injective))
    return Joined(tuple([relation for relation in maps if relation.dst]), pairs)


def _join_recorded(left: Map, right: Map) -> Joined:
    """The same where an index is recorded: the one that is injective is undone, and a mask tells where it is.

    So the result lists every position of the other source, whatever the numbers are.
    """
    for undone, given in ((left, right), (right, left)):
        if undone.injective:
            index, inside = _undone(undone, given.positions())
            maps = (Map.of(undone.src, given.src, index, given.injective if inside is None else None),)
            sizes = [label.size for label in given.src]
            masks = () if inside is None else (Factor(np.reshape(inside, sizes), given.src),)
            return Joined(maps if undone.src else (), (), masks)
    raise _refused((left, right))


def _undone(relation: Map, positions: Any) -> tuple[Any, Any]:
    """From which source an injective map comes to each position, and whether it does; None where it always does."""
    size, count = size_of(relation.dst), size_of(relation.src)
    if count == size:
        return pick(np.argsort(relation.positions()), positions), None
    if _plain(relation.index):
        offset = positions - relation.index.start
        index = np.floor_divide(offset, relation.index.step)
        inside = (index * relation.index.step == offset) & (index >= 0) & (index < count)
        return np.where(inside, index, 0), inside
    table = scatter(np.arange(1, count + 1), relation.positions(), size, True) - 1
    index = pick(table, positions)
    return np.maximum(index, 0), index >= 0


def _refused(maps: Sequence[Map]) -> Exception:
    """What to raise where the structure of a term would depend on the numbers of a recorded index."""
    recorded: Any = next(relation.index for relation in maps if relation.is_recorded)
    return recorded.refusal(
        "an index that selects what another index has selected",
        "Ask for products (vjp, jvp, grad, J @ h), which need no list of the pairs that agree, or make the index a "
        "constant.",
    )


def tabulate(maps: Sequence[Map], kept: Container[Label]) -> Joined | None:
    """List all positions of the labels of `maps` that satisfy them together: one label, with a map to each kept label.

    This is the normal form of anything sparse. It is None where nothing satisfies them.
    """
    if any(relation.is_recorded for relation in maps):
        raise _refused(maps)
    columns: dict[Label, np.ndarray] = {}
    rows = 1
    waiting = list(maps)
    while waiting:
        relation = max(waiting, key=lambda m: (set(m.src) <= columns.keys(), not columns.keys().isdisjoint(m.labels)))
        waiting.remove(relation)
        columns, rows = _natural_join(columns, rows, relation)
        if rows == 0:
            return None
    pairs = () if rows == 1 else (Label(rows),)
    listed = [Map.of((label,), pairs, column) for label, column in columns.items() if label in kept]
    return Joined(tuple(listed), pairs)


def _natural_join(columns: Table, rows: int, relation: Map) -> tuple[Table, int]:
    """Rows of a table, each with every position of `relation` that agrees with it."""
    listed, count = _rows_of(relation)
    shared = [label for label in listed if label in columns]
    left, right = _matches(_keys(columns, shared, rows), _keys(listed, shared, count))
    joined = {label: column[left] for label, column in columns.items()}
    joined |= {label: column[right] for label, column in listed.items() if label not in columns}
    return joined, left.size


def _rows_of(relation: Map) -> tuple[Table, int]:
    """A map as a table: a row for each position of its source that does not contradict itself."""
    source = tuple(dict.fromkeys(relation.src))
    count = size_of(source)
    parts = np.unravel_index(np.arange(count), [label.size for label in source]) if source else ()
    table: Table = dict(zip(source, parts, strict=True))
    positions = relation.positions()[_keys(table, relation.src, count)]
    agrees = np.ones(count, dtype=bool)
    for label, position in zip(relation.dst, _unravel(positions, relation.dst), strict=True):
        if label in table:
            agrees &= table[label] == position
        else:
            table[label] = position
    chosen = np.flatnonzero(agrees)
    return {label: column[chosen] for label, column in table.items()}, chosen.size


def _unravel(positions: np.ndarray, labels: Axis) -> tuple[np.ndarray, ...]:
    return np.unravel_index(positions, [label.size for label in labels]) if labels else ()


def _keys(table: Table, labels: Sequence[Label], rows: int) -> np.ndarray:
    """The flat position of a group of labels in each row."""
    flat = np.zeros(rows, dtype=np.intp)
    for label in labels:
        flat = flat * label.size + table[label]
    return flat


def _matches(wanted: np.ndarray, offered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of positions with equal keys, ordered by the first."""
    order = np.argsort(offered, kind="stable")
    ranked = offered[order]
    first = np.searchsorted(ranked, wanted, "left")
    counts = np.searchsorted(ranked, wanted, "right") - first
    left = np.repeat(np.arange(wanted.size), counts)
    within = np.arange(left.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, order[np.repeat(first, counts) + within]


def _of(dst: Axis, src: Axis, index: Affine | np.ndarray, injective: bool | None) -> Map:
    return Map(dst, src, index) if isinstance(index, Affine) else Map.of(dst, src, index, injective)


def _reorder(relation: Map, dst: Axis) -> Map:
    """The same relation with its determined labels in another order."""
    if relation.dst == dst:
        return relation
    components = relation.components()
    flat: Any = np.zeros(size_of(relation.src), dtype=np.intp)
    for label in dst:
        flat = flat * label.size + components[label]
    return Map.of(dst, relation.src, flat, relation.injective)


def _agreeing(left: Map, right: Map) -> tuple[Affine | np.ndarray, Affine | np.ndarray, int]:
    """The pairs of source positions with the same determined position, and their number."""
    n_left, n_right = size_of(left.src), size_of(right.src)
    if _plain(left.index) and _plain(right.index) and left.index.step == right.index.step == 1:
        low = max(left.index.start, right.index.start)
        high = min(left.index.start + n_left, right.index.start + n_right)
        return Affine(low - left.index.start, 1), Affine(low - right.index.start, 1), max(high - low, 0)
    key = "matches", _key(left), n_left, _key(right), n_right
    make = lambda: _matches(left.positions(), right.positions())  # noqa: E731  # read at once
    left_index, right_index = recall(key, (left.index, right.index), make)
    return left_index, right_index, left_index.size


def _is_everything(index: Affine | np.ndarray, relation: Map, count: int) -> bool:
    """Whether each source position occurs exactly once, in order."""
    if count != size_of(relation.src):
        return False
    if isinstance(index, Affine):
        return index.start == 0
    return recall(("everything", id(index)), index, lambda: bool(np.array_equal(index, np.arange(count))))
