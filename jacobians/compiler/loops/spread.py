"""`Spread`: a call that takes a list of what the steps of a loop made, such as ``np.stack`` of all states."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...program import INPUT, Node
from ..namespace import Namespace
from ..printing import call_text
from ..statements import Assign
from .laws import LEAST, Sheet

__all__ = ["Run", "Spread", "is_list_of_numbers", "runs_in_lists"]


class Run(NamedTuple):
    """Entries `start` to before `stop` of argument `argument`: the results at a place of a loop, step after step."""

    argument: int
    start: int
    stop: int
    loop: int
    place: int
    first: int
    pace: int
    steps: int


def runs_in_lists(sheet: Sheet, user: int) -> list[Run]:
    """The stretches of the lists among the arguments of a statement that a loop makes step by step."""
    statement = sheet.statements[user]
    if not isinstance(statement, Assign):
        return []
    runs: list[Run] = []
    for argument, entries in enumerate(statement.node.args):
        if isinstance(entries, list) and len(entries) >= LEAST and all(isinstance(entry, Node) for entry in entries):
            runs += _runs(sheet, argument, [sheet.code(entry) for entry in entries])
    return runs


def _runs(sheet: Sheet, argument: int, codes: list[int]) -> list[Run]:
    size = len(sheet.statements)
    places = [(int(sheet.loop[c]), int(sheet.place[c]), int(sheet.step[c])) if c < size else (-1, 0, 0) for c in codes]
    runs, start = [], 0
    while start < len(codes) - 1:
        loop, place, first = places[start]
        pace, stop = places[start + 1][2] - first, start + 1
        while stop < len(codes) and places[stop] == (loop, place, first + pace * (stop - start)):
            stop += 1
        if loop >= 0 and pace and stop - start >= LEAST:
            steps = int(sheet.step[sheet.loop == loop].max()) + 1
            runs.append(Run(argument, start, stop, loop, place, first, pace, steps))
        start = stop
    return runs


class Spread(Assign):
    """A call with stars in its lists."""

    __slots__ = ("call", "others", "sources", "stars")

    def __init__(self, statement: Any, runs: Sequence[Run]) -> None:
        super().__init__(statement.node)
        args = list(self.node.args)
        self.stars: list[tuple[Node, Run]] = []
        self.sources: dict[int, Node] = {}
        for run in reversed(runs):
            star = Node(INPUT, ("*",), {}, (), float)
            self.stars.append((star, run))
            entries = list(args[run.argument])
            entries[run.start : run.stop] = [star]
            args[run.argument] = entries
        node = self.node
        self.call = Node(node.function, tuple(args), node.kwargs, node.shape, node.dtype, weak=node.weak)
        self.others = _without_stars(self.call, self.stars)

    def with_call(self, call: Node) -> Spread:
        """The same with another call, which has the stars of this one."""
        new = object.__new__(Spread)
        Assign.__init__(new, call, self.out)
        new.call, new.stars, new.sources = call, self.stars, self.sources
        new.others = _without_stars(call, self.stars)
        return new

    @property
    def has_numbers(self) -> bool:
        """Whether lists of numbers stand for the arrays that are stacked."""
        return self.call.function is np.array

    def with_numbers(self) -> list[Assign]:
        """The same where lists of numbers stand for the arrays that are stacked: rows, which are shaped at the end."""
        before, entries = list[Assign](), []
        for entry in self.call.args[0]:
            if entry.ndim > 1:
                entry = Node(np.reshape, (entry, (entry.size,)), {}, (entry.size,), entry.dtype)
                before.append(Assign(entry))
            entries.append(entry)
        new = self.with_call(Node(np.array, (entries,), {}, self.call.shape, self.call.dtype))
        new.node, new.sources = self.node, self.sources
        return [*before, new]

    def draw(self, lists: Mapping[tuple[int, int], Node]) -> None:
        """Tell the lists that the loops keep, by loop and place."""
        self.sources = {id(star): lists[run.loop, run.place] for star, run in self.stars}

    @property
    def reads(self) -> tuple[Node, ...]:
        return (*self.others, *self.sources.values())

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        stars = {}
        for star, run in self.stars:
            count = run.stop - run.start
            stop = run.first + run.pace * count
            text = f"*{names[id(self.sources[id(star)])]}"
            if run.pace != 1 or count != run.steps:
                text += f"[{run.first}:{'' if stop < 0 else stop}{'' if run.pace == 1 else f':{run.pace}'}]"
            stars[id(star)] = text
        call = self.call
        if is_list_of_numbers(call):
            call = Node(np.array, call.args, {}, call.shape, call.dtype)
        text = call_text(call, ChainMap(stars, dict(names)), space)
        shaped = f".reshape({call.shape})" if self.has_numbers and call.ndim > 2 else ""
        return [f"{names[id(self.node)]} = {text}{shaped}"]


def is_list_of_numbers(call: Node) -> bool:
    """Whether a call stacks numbers, which `np.array` does in a fifth of the time."""
    return call.function is np.stack and call.kwargs in ({}, {"axis": 0}) and call.ndim == 1 and len(call.args) == 1


def _without_stars(call: Node, stars: Sequence[tuple[Node, Run]]) -> list[Node]:
    own = {id(star) for star, _ in stars}
    return [operand for operand in call.operands if id(operand) not in own]
