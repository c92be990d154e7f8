"""Repeated steps become loops, so that text and compile time do not grow with their number.

- `order`: the statements in the order of recording; sums as early as possible.
- `slots`, `repetition`: the form of each statement, and the stretches in which forms repeat.
- `laws`: how what fills the forms changes from step to step.
- `loop`: the statement that is printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...program import Node
from ..statements import Assign, Statement
from .laws import LEAST, Affine, Carried, Fixed, Law, Match, Same, Sheet, Stream, Table, matched
from .loop import Carried as CarriedNode
from .loop import Counter, Element, Kept, Loop, Picked, listed, placeholder, table
from .order import ordered
from .repetition import Stretch, has_repeated, stretches
from .slots import filled, indexes
from .spread import Spread, runs_in_lists

__all__ = ["rolled"]

_SAVED = 32
"""A loop must save so many statements: below that a straight line is easier to read, and faster."""

_Reader = tuple[int, int, int]  # a loop or -1, the first step that is read, and the pace


def rolled(statements: Sequence[Statement], outputs: Sequence[Node], *, singly: bool = False) -> list[Statement]:
    """The statements, in an order of their own, with loops; as they are where nothing repeats itself.

    `singly` says that a sum which is added into an array is added term by term.
    """
    if len(statements) < _SAVED:
        return list(statements)
    lined_up = ordered(statements, outputs, singly=singly)
    if not has_repeated(_likely_signs(lined_up), _SAVED):
        return list(statements)
    sheet = Sheet(lined_up)
    spans = [span for span in stretches(sheet.signs, LEAST) if span.saved >= _SAVED]
    while spans:
        matches, chosen = _matches(sheet, spans)
        rolling = _Rolling(sheet, matches, outputs)
        costly = {chosen[number] for number in rolling.costly()}
        if not costly:
            return rolling.statements() if matches else list(statements)
        spans = [span for span in spans if span not in costly]
    return list(statements)


def _likely_signs(statements: Sequence[Statement]) -> np.ndarray:
    """Numbers that are equal for statements of the same form, and maybe for others: quickly told."""
    kinds: dict[Any, int] = {}
    signs = []
    for statement in statements:
        node = statement.node if type(statement) is Assign else None
        kind = type(statement) if node is None else (node.function, node.shape)
        signs.append(kinds.setdefault(kind, len(kinds)))
    return np.array(signs)


def _matches(sheet: Sheet, spans: Sequence[Stretch]) -> tuple[list[Match], list[Stretch]]:
    sheet.loop[:] = -1
    matches: list[Match] = []
    chosen: list[Stretch] = []
    for span in spans:
        for match in matched(sheet, span):
            if (match.steps - 1) * match.period >= _SAVED:
                sheet.enter(len(matches), match)
                matches.append(match)
                chosen.append(span)
    return matches, chosen


class _Rolling:
    """Matches on their way to loops: what is read of which loop decides what its steps keep."""

    def __init__(self, sheet: Sheet, matches: Sequence[Match], outputs: Sequence[Node]) -> None:
        self.sheet, self.matches = sheet, matches
        self.spreads: dict[int, Spread] = {}
        self.readers: dict[tuple[int, int], set[_Reader]] = defaultdict(set)  # by loop and place
        self.single: set[int] = set()  # results of one step that are read outside
        for number, match in enumerate(matches):
            for law in match.laws:
                if isinstance(law, Stream):
                    self.readers[law.loop, law.place].add((number, law.first, law.step))
        self._read_outside([self.sheet.code(node) for node in outputs])
        self.kept = self._lists()

    def _read_outside(self, codes: list[int]) -> None:
        sheet = self.sheet
        size = len(sheet.statements)
        users = np.repeat(np.arange(size), np.diff(sheet.offsets))
        straight = sheet.loop[users] < 0
        for user in np.flatnonzero((np.diff(sheet.offsets) > LEAST) & (sheet.loop < 0)).tolist():
            runs = runs_in_lists(sheet, user)
            if runs:
                self.spreads[user] = Spread(sheet.statements[user], runs)
                straight[sheet.offsets[user] : sheet.offsets[user + 1]] = False
                for run in runs:
                    self.readers[run.loop, run.place].add((-1, 0, 1))
                codes += [sheet.code(node) for node in self.spreads[user].others]
        codes += sorted(set(sheet.codes[straight].tolist()))
        for match in self.matches:
            codes += [law.code for law in match.laws if isinstance(law, Fixed)]
            codes += match.before.values()
        self.single = {code for code in codes if code < size and sheet.loop[code] >= 0}
        for code in self.single:
            at = int(sheet.loop[code]), int(sheet.place[code])
            if not self._is_last(code) and not self.readers[at]:
                self.readers[at].add((-1, 0, 1))

    def _is_last(self, code: int) -> bool:
        return bool(self.sheet.step[code] == self.matches[self.sheet.loop[code]].steps - 1)

    def costly(self) -> list[int]:
        """Loops of which so many single results are read that a straight line is shorter."""
        picked = np.zeros(len(self.matches), int)
        for code in self.single:
            picked[self.sheet.loop[code]] += not self._is_last(code)
        saved = [(match.steps - 1) * match.period for match in self.matches]
        return [number for number in range(len(saved)) if picked[number] > saved[number] // 8]

    def _lists(self) -> dict[tuple[int, int], tuple[Kept, int | None]]:
        """For each place that is read step by step: its list, and its field there; what is read together is kept so."""
        groups: dict[tuple[int, frozenset[_Reader], int], list[int]] = defaultdict(list)
        for (loop, place), readers in sorted(self.readers.items()):
            if readers:
                alone = place if any(reader < 0 for reader, *_ in readers) else -1
                groups[loop, frozenset(readers), alone].append(place)
        kept = {}
        for (loop, *_), places in groups.items():
            node = listed(self.matches[loop].steps)
            fields = tuple([self._node(loop, place) for place in places])
            together = Kept(node, fields)
            for n, place in enumerate(places):
                kept[loop, place] = together, (n if len(places) > 1 else None)
        return kept

    def _node(self, loop: int, place: int) -> Node:
        """The node of the last step."""
        match = self.matches[loop]
        return self.sheet.statements[match.start + (match.steps - 1) * match.period + place].makes[0]

    def statements(self) -> list[Statement]:
        """The program with its loops."""
        sheet = self.sheet
        singles: dict[int, list[int]] = defaultdict(list)
        for code in sorted(self.single):
            singles[int(sheet.loop[code])].append(code)
        result: list[Statement] = []
        position = 0
        for number, match in enumerate(self.matches):
            result += self._straight(position, match.start)
            result.append(self._loop(number, singles[number]))
            for code in singles[number]:
                if not self._is_last(code):
                    kept, field = self.kept[number, int(sheet.place[code])]
                    result.append(Picked(sheet.value(code), kept.node, int(sheet.step[code]), field))
            position = match.start + match.period * match.steps
        return result + self._straight(position, len(sheet.statements))

    def _straight(self, start: int, stop: int) -> list[Statement]:
        result: list[Statement] = []
        for n in range(start, stop):
            spread = self.spreads.get(n)
            if spread is not None:
                spread.draw({key: kept.node for key, (kept, _) in self.kept.items()})
            result.append(spread or self.sheet.statements[n])
        return result

    def _loop(self, number: int, singles: Sequence[int]) -> Loop:
        match, sheet = self.matches[number], self.sheet
        loop = Loop(match.steps)
        body = _Body(self, loop, match)
        last = match.start + (match.steps - 1) * match.period
        offsets = (sheet.offsets[last : last + match.period + 1] - sheet.offsets[last]).tolist()
        for place in range(match.period):
            statement = sheet.statements[last + place]
            laws = match.laws[offsets[place] : offsets[place + 1]]
            loop.body.append(filled(statement, body.slots(laws, indexes(statement))))
        body.close()
        loop.take_views()
        inner = {id(self._node(number, place)): statement.makes[0] for place, statement in enumerate(loop.body)}
        lists = {id(kept): kept for (loop_of, _), (kept, _) in self.kept.items() if loop_of == number}
        loop.kept = [Kept(kept.node, tuple([inner[id(node)] for node in kept.fields])) for kept in lists.values()]
        chosen = [sheet.value(code) for code in singles if self._is_last(code)]
        loop.results = [(node, inner[id(node)]) for node in chosen]
        return loop


class _Body:
    """The slots of the body of one loop, as nodes; each kind of entry is noted in the loop."""

    def __init__(self, rolling: _Rolling, loop: Loop, match: Match) -> None:
        self.rolling, self.loop, self.match = rolling, loop, match
        self.made: dict[tuple[type, Law, bool], object] = {}
        self.handed: dict[tuple[int, int], Node] = {}
        self.drawn: dict[tuple[int, int, int], list[Node]] = {}

    def slots(self, laws: Sequence[Law], index: bool) -> Iterator[object]:
        for law in laws:
            if isinstance(law, Same):
                yield self.loop.body[law.place].makes[0]
                continue
            key = type(law), law, index and isinstance(law, Affine)  # laws of two kinds may be equal as tuples
            if key not in self.made:
                self.made[key] = self._entry(law, index)
            yield self.made[key]

    def _entry(self, law: Law, index: bool) -> object:
        sheet, loop = self.rolling.sheet, self.loop
        if isinstance(law, Fixed):
            return sheet.value(law.code)
        if isinstance(law, Carried):
            return self._handed(law.place, law.delay)
        if isinstance(law, Affine):
            node = Node(None, (), {}, (), int, weak=True)
            loop.counters.append(Counter(node, law.first, law.step, not index))
            return node
        if isinstance(law, Table):
            source = table([sheet.value(code) for code in law.codes])
            first = sheet.value(law.codes[0])
            node = placeholder(first if isinstance(first, Node) else Node(None, (), {}, (), type(first), weak=True))
            loop.elements.append(Element((node,), source, 0, 1))
            return node
        assert isinstance(law, Stream)
        kept, field = self.rolling.kept[law.loop, law.place]
        key = id(kept), law.first, law.step
        if key not in self.drawn:
            self.drawn[key] = [placeholder(node) for node in kept.fields]
            loop.elements.append(Element(tuple(self.drawn[key]), kept.node, law.first, law.step))
        return self.drawn[key][field or 0]

    def _handed(self, place: int, delay: int) -> Node:
        if (place, delay) not in self.handed:
            before = self.rolling.sheet.value(self.match.before[place, delay])
            self.handed[place, delay] = placeholder(before)
            if delay > 1:
                _ = self._handed(place, delay - 1)
        return self.handed[place, delay]

    def close(self) -> None:
        """Note what is handed on, once all statements stand."""
        for (place, delay), inside in sorted(self.handed.items(), key=lambda entry: entry[0]):
            after = self.handed[place, delay - 1] if delay > 1 else self.loop.body[place].makes[0]
            before = self.rolling.sheet.value(self.match.before[place, delay])
            self.loop.carried.append(CarriedNode(inside, before, after))
