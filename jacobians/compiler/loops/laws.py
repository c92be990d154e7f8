"""How the slots of a repeated step change from step to step.

`Sheet` holds a program as numbers: for each slot, the statement that made what fills it. `matched` finds the steps of a
stretch whose slots all follow a law, and tells the laws:

- `Same`, `Carried`: made in the same step, or in an earlier one;
- `Fixed`: the same in all steps;
- `Stream`: made by the steps of an earlier loop, read in their order or in the opposite one;
- `Affine`, `Table`: a whole number that changes by a constant, and numbers or constant arrays that are looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ...program import CONSTANT, Node
from ..statements import Statement
from .repetition import Stretch
from .slots import Forms

__all__ = ["Affine", "Carried", "Fixed", "Match", "Same", "Sheet", "Stream", "Table", "matched"]

LEAST = 4
"""How many steps a loop has at least."""

_COMPARED = 65_536  # bytes of a constant that is the same as another one with the same entries
_TIMES = 6  # periods of the forms that a step may have
_HALVED = 16  # times that a stretch without a law in its middle is parted
_FAR = 32  # results of steps further back are not handed on


class Same(NamedTuple):
    place: int


class Carried(NamedTuple):
    place: int
    delay: int


class Fixed(NamedTuple):
    code: int


class Stream(NamedTuple):
    loop: int
    place: int
    first: int
    step: int


class Affine(NamedTuple):
    first: int
    step: int


class Table(NamedTuple):
    codes: tuple[int, ...]


Law = Same | Carried | Fixed | Stream | Affine | Table


class Match(NamedTuple):
    """Steps that become a loop.

    Attributes
    ----------
    start : int
        The first statement.
    period, steps : int
        Statements in a step, and steps.
    laws : list of Law
        Of the slots of a step, in order.
    before : dict of (int, int) to int
        What stands for a result at a place, so many steps before the first.
    """

    start: int
    period: int
    steps: int
    laws: list[Law]
    before: dict[tuple[int, int], int]


class Sheet:
    """A program as numbers.

    Attributes
    ----------
    statements : sequence of Statement
    signs : array of int
        Equal for statements of the same form.
    codes : array of int
        What fills the slots, one statement after the other: the number of the statement that made it, or, from
        ``len(statements)`` on, the position in `leaves`.
    offsets : array of int
        Where the slots of each statement begin.
    leaves : list
        Inputs, constants and Python numbers.
    loop, step, place : array of int
        The loop that each statement belongs to or -1, the step in it, and the place in the step.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        forms = Forms()
        parts = [forms.of(statement) for statement in statements]
        known = [n for n, (_, slots) in enumerate(parts) if slots is not None]
        made = self.made = {node: n for n in known for node in statements[n].makes}
        self.leaves: list[Any] = []
        self._known: dict[Any, int] = {}
        signs = [sign for sign, _ in parts]
        fillings = [statements[n].reads if slots is None else slots for n, (_, slots) in enumerate(parts)]
        values = list(chain.from_iterable(fillings))
        found = map(made.get, values)
        codes = [self.code(value) if code is None else code for value, code in zip(values, found, strict=True)]
        offsets = np.cumsum([0, *map(len, fillings)])
        self.signs, self.codes, self.offsets = np.array(signs), np.array(codes, np.int64), offsets
        self.loop = np.full(len(statements), -1)
        self.step, self.place = np.zeros(len(statements), np.int64), np.zeros(len(statements), np.int64)

    def code(self, value: Any) -> int:
        """The number of what fills a slot."""
        if isinstance(value, Node):
            made = self.made.get(value)
            if made is not None:
                return made
            key: Any = id(value)
            if value.function is CONSTANT and value.dtype.kind != "O" and value.nbytes <= _COMPARED:
                key = value.shape, value.dtype, value.args[0].tobytes()
        else:
            key = (type(value), value.hex() if isinstance(value, float) else value)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self.statements) + len(self.leaves)
            self.leaves.append(value)
        return known

    def value(self, code: int) -> Any:
        """The node or number behind a code."""
        size = len(self.statements)
        return self.leaves[code - size] if code >= size else self.statements[code].makes[0]

    def enter(self, number: int, match: Match) -> None:
        """Note that the statements of a match belong to a loop."""
        size = match.period * match.steps
        block = slice(match.start, match.start + size)
        self.loop[block] = number
        self.step[block], self.place[block] = np.divmod(np.arange(size), match.period)


def matched(sheet: Sheet, stretch: Stretch) -> list[Match]:
    """The loops that a stretch of equal forms makes; where a law changes, one loop ends and another begins.

    Forms may repeat themselves faster than what fills them (``x * a`` and ``x * b`` in turns): then a step is several
    periods long.
    """
    best: list[Match] = []
    for times in range(1, _TIMES + 1):
        longer = stretch._replace(period=times * stretch.period)
        if longer.stop - longer.start < LEAST * longer.period:
            break
        found = _split(sheet, longer)
        if sum([_size(match) for match in found]) > sum([_size(match) for match in best]):
            best = found
        if 2 * sum([_size(match) for match in best]) > stretch.stop - stretch.start:
            break
    return best


def _size(match: Match) -> int:
    return match.period * match.steps


def _split(sheet: Sheet, stretch: Stretch) -> list[Match]:
    period = stretch.period
    first = stretch.start + _phase(sheet, stretch)
    waiting = [(first, (stretch.stop - first) // period)]
    found: list[Match] = []
    halved = 0
    while waiting:
        start, count = waiting.pop()
        if count < LEAST:
            continue
        match = _matched(sheet, start, period, count)
        if match is None:
            half = count // 2
            if halved < _HALVED:  # two loops of one form may meet in the middle
                waiting += [(start, half), (start + half * period, count - half)]
                halved += 1
            continue
        done = (match.start - start) // period
        waiting += [(start, done), (match.start + match.steps * period, count - done - match.steps)]
        if match.steps >= LEAST:
            found.append(match)
    return sorted(found, key=lambda match: match.start)


def _rows(sheet: Sheet, start: int, period: int, count: int) -> np.ndarray:
    """The codes of the slots, a row for each step."""
    a, b = sheet.offsets[start], sheet.offsets[start + period * count]
    return sheet.codes[a:b].reshape(count, (b - a) // count)


def _phase(sheet: Sheet, stretch: Stretch) -> int:
    """Where in its period a step begins best: where the fewest results are handed on to the next step."""
    start, period = stretch.start, stretch.period
    count = (stretch.stop - start) // period
    rows = _rows(sheet, start, period, count)
    middle = min(count // 2, count - 2)
    near = rows[middle : middle + 2] - start - period * np.arange(middle, middle + 2)[:, None]
    inside = (near[0] == near[1]) & (rows[middle] < len(sheet.statements)) & (rows[middle] >= start)
    users = np.repeat(np.arange(period), np.diff(sheet.offsets[start : start + period + 1]))
    last: dict[int, int] = {}
    for made, user in zip(near[0][inside].tolist(), users[inside].tolist(), strict=True):
        turns, place = divmod(made, period)
        last[place] = max(last.get(place, 0), user - turns * period)
    change = np.zeros(period + 1, np.int64)
    for place, user in last.items():
        turns, end = divmod(user, period)
        change[0] += turns
        change[[place + 1, end + 1]] += 1, -1
    return int(np.argmin(np.cumsum(change)[:period]))


def _matched(sheet: Sheet, start: int, period: int, count: int) -> Match | None:
    """The longest stretch of steps around the middle one in which every slot follows a law."""
    rows = _rows(sheet, start, period, count)
    steps, middle = np.arange(count), count // 2 - 1
    size = len(sheet.statements)
    inner = rows < size
    known = np.where(inner, rows, 0)
    relative = rows - (start + period * steps)[:, None]
    loop, place, step = sheet.loop[known], sheet.place[known], sheet.step[known] - sheet.step[known[middle]]
    pace = step[middle + 1]
    fixed = rows == rows[middle]
    near = inner & (relative == relative[middle]) & (rows[middle] >= start)
    stream = inner & (loop >= 0) & (loop == loop[middle]) & (place == place[middle])
    stream &= (step == pace * (steps - middle)[:, None]) & (pace != 0)
    listed = ~inner & _looked_up(sheet, rows)
    fixed &= (2 * fixed.sum(0) > count) | ~listed.all(0)  # neighbours may agree by chance
    follows, kind = np.zeros_like(inner), np.full(rows.shape[1], -1)
    for number, law in enumerate((fixed, near, stream, listed)):
        chosen = (kind < 0) & law[middle] & law[middle + 1]
        kind[chosen] = number
        follows[:, chosen] = law[:, chosen]
    delays = np.where(kind == 1, -(relative[middle] // period), 0)
    if np.any(kind < 0) or delays.max(initial=0) > _FAR:
        return None
    entering = (steps[:, None] < delays) & ((rows < start) | ~inner)
    broken = np.flatnonzero(~(follows | entering).all(1))
    low = int(max(broken[broken < middle], default=-1)) + 1
    high = int(min(broken[broken > middle], default=count))
    used = rows[middle, kind == 0]  # what a step has made once for all later ones is made before the loop
    low = max(low, int(max((used[(used >= start) & (used < size)] - start) // period, default=-1)) + 1)
    if low > middle:
        return None
    before = _before(rows, relative[middle], delays, period, low)
    if before is None:
        low = max(low, int(delays.max(initial=0)))
        before = _before(rows, relative[middle], delays, period, low)
    if before is None or high - low < 2:
        return None
    laws: list[Law] = []
    for column, number in enumerate(kind.tolist()):
        filled = rows[low:high, column]
        if number == 0:
            laws.append(Fixed(int(filled[0])))
        elif number == 1:
            at, delay = int(relative[middle, column]) % period, int(delays[column])
            laws.append(Carried(at, delay) if delay else Same(at))
        elif number == 2:
            source, speed = int(filled[0]), int(pace[column])
            laws.append(Stream(int(sheet.loop[source]), int(sheet.place[source]), int(sheet.step[source]), speed))
        else:
            laws.append(_law_of_leaves(sheet, filled))
    return Match(start + low * period, period, high - low, laws, before)


def _looked_up(sheet: Sheet, rows: np.ndarray) -> np.ndarray:
    """Which slots are filled with constants and numbers, that can stand in a table."""
    plain = [not isinstance(leaf, Node) or leaf.function is CONSTANT for leaf in sheet.leaves]
    return np.array([*plain, False])[np.where(rows < len(sheet.statements), -1, rows - len(sheet.statements))]


def _law_of_leaves(sheet: Sheet, codes: np.ndarray) -> Law:
    values = [sheet.value(code) for code in codes.tolist()]
    if isinstance(values[0], int):
        step = values[1] - values[0]
        if all(value == values[0] + n * step for n, value in enumerate(values)):
            return Affine(values[0], step)
    return Table(tuple(codes.tolist()))


def _before(
    rows: np.ndarray, relative: np.ndarray, delays: np.ndarray, period: int, low: int
) -> dict[tuple[int, int], int] | None:
    """What stands for the results of the steps before the first; None where two slots do not agree."""
    before: dict[tuple[int, int], int] = {}
    for column in np.flatnonzero(delays).tolist():
        place, delay = int(relative[column]) % period, int(delays[column])
        for ago in range(1, delay + 1):
            code = int(rows[low + delay - ago, column])
            if before.setdefault((place, ago), code) != code:
                return None
    return before
