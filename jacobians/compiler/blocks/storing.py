"""What a run of calls stores for later runs, and what these compute again: the cheapest choice, by a minimal cut.

To store a result and read it again costs memory traffic; to compute it again costs its call, and what that reads must
be at hand in turn. For each result that a later run could use there are two questions, "is it at hand there?" and "is
it computed again there?", and every cost or rule has the form "yes to this and no to that", so that the best answers
are a minimal cut of a graph with two vertices for each result.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...program import Node
from .rows import Call

__all__ = ["choose_stored"]

_STORE = 0.15  # nanoseconds a byte, to store it and to read it again
_READ = 0.05  # nanoseconds a byte, to read what is stored anyway
_REPLACE = 0.05  # nanoseconds a byte, to store it where something was that would be read again in its place
_NEVER = float("inf")

Graph = dict[object, dict[object, float]]


def choose_stored(
    runs: Sequence[list[Call]], needed: set[int], position: Mapping[int, int], readers: Mapping[int, set[int]]
) -> set[int]:
    """The ids of the nodes that are stored; calls that are to be done again are added to the runs.

    Parameters
    ----------
    runs : sequence of list of Call
        In the order in which they are done.
    needed : set of int
        The ids of the nodes that must be stored for others than later runs of the same kind.
    position : mapping of int to int
        The order of nodes, by their ids.
    readers : mapping of int to set of int
        For each array of the program that nothing but statements reads, the ids of the nodes that they make.
    """
    stored = set(needed)
    home = [{id(call.node) for call in run} for run in runs]
    for n, run in enumerate(runs):
        own = {id(call.node): call for call in run}
        price = _prices(runs, n, own, stored)
        rooms = _rooms(run, own, readers, stored)
        for later in runs[n + 1 :]:
            wanted = _wanted(later, own)
            if not wanted:
                continue
            whole = {id(o) for call in later for o in call.node.operands if o not in call.rows.cut}
            prices = {name: _NEVER if name in whole else price[name] for name in own}
            again = _again(wanted, own, stored, prices, rooms)
            known = {id(call.node) for call in later}
            later += [own[name] for name in again if name not in known]
            read = {id(o) for name in again for o in own[name].node.operands} | {id(node) for node in wanted}
            stored |= {name for name in read if name in own and name not in known | again}
    for run, names in zip(runs, home, strict=True):
        run.sort(key=lambda call: position[id(call.node)])
        run[:] = _used(run, stored & names)
    return stored


def _wanted(later: Sequence[Call], own: Mapping[int, Call]) -> list[Node]:
    """The results of a run that a later one reads by rows."""
    known = {id(call.node) for call in later}
    found = {id(o): o for call in later for o in call.rows.cut if id(o) in own and id(o) not in known}
    return list(found.values())


def _rooms(
    run: Sequence[Call], own: Mapping[int, Call], readers: Mapping[int, set[int]], stored: set[int]
) -> set[tuple[tuple[int, ...], np.dtype]]:
    """The shapes and dtypes of arrays from before a run that it alone reads, where results do not take all of these."""
    before = {id(operand): operand for call in run for operand in call.rows.cut if id(operand) not in own}
    plain = {name for name, call in own.items() if call.rows.kind != "view"}
    rooms = Counter([(a.shape, a.dtype) for a in before.values() if readers.get(id(a)) and readers[id(a)] <= plain])
    rooms.subtract([(call.node.shape, call.node.dtype) for name, call in own.items() if name in stored])
    return {kind for kind, count in rooms.items() if count > 0}


def _prices(runs: Sequence[list[Call]], n: int, own: Mapping[int, Call], stored: set[int]) -> dict[int, float]:
    """What it costs to do each call of a run in a later one: nothing if it moves there, as nothing else needs it."""
    here = [call.node for call in runs[n] if call.rows.ends or id(call.node) in stored]
    uses = Counter(_behind(here, own))
    for later in runs[n + 1 :]:
        uses.update(_behind(_wanted(later, own), own))
    bound = set(_behind(here, own))
    return {name: call.cost if uses[name] > 1 or name in bound else 0.0 for name, call in own.items()}


def _behind(nodes: Iterable[Node], own: Mapping[int, Call]) -> set[int]:
    """The ids of the calls of a run that lead to these results."""
    found: set[int] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if id(node) in own and id(node) not in found:
            found.add(id(node))
            waiting += node.operands
    return found


def _again(
    wanted: Iterable[Node],
    own: Mapping[int, Call],
    stored: set[int],
    price: Mapping[int, float],
    rooms: set[tuple[tuple[int, ...], np.dtype]],
) -> set[int]:
    """The ids of the calls of a run that are done again where these results are wanted."""
    graph: Graph = {}

    def rule(yes: object, no: object, price: float) -> None:
        graph.setdefault(yes, {})[no] = price
        graph.setdefault(no, {}).setdefault(yes, 0.0)

    waiting = list(wanted)
    reached: set[int] = set()
    for node in waiting:
        rule("start", (id(node), "at hand"), _NEVER)
    while waiting:
        node = waiting.pop()
        if id(node) in reached:
            continue
        reached.add(id(node))
        call = own[id(node)]
        to_store = _REPLACE if (node.shape, node.dtype) in rooms else _STORE
        traffic = _NEVER if call.rows.kind == "view" else node.nbytes * (_READ if id(node) in stored else to_store)
        rule((id(node), "at hand"), (id(node), "again"), traffic)
        rule((id(node), "again"), "end", price[id(node)])
        for operand in node.operands:
            if id(operand) in own:
                rule((id(node), "again"), (id(operand), "at hand"), _NEVER)
                waiting.append(operand)
    cut = _minimal_cut(graph)
    return {name for name in reached if (name, "again") in cut}


def _minimal_cut(graph: Graph) -> set[object]:
    """The vertices on the side of the start of the cheapest cut between start and end (Edmonds and Karp 1972)."""
    while True:
        before: dict[object, object] = {"start": None}
        waiting = deque(["start"] if "start" in graph else [])
        while waiting and "end" not in before:
            vertex = waiting.popleft()
            for other, capacity in graph[vertex].items():
                if capacity > 0 and other not in before:
                    before[other] = vertex
                    waiting.append(other)  # type: ignore[arg-type]
        if "end" not in before:
            return set(before)
        path: list[tuple[object, object]] = []
        vertex: object = "end"
        while before[vertex] is not None:
            path.append((before[vertex], vertex))
            vertex = before[vertex]
        flow = min([graph[a][b] for a, b in path])
        for a, b in path:
            graph[a][b] -= flow
            graph[b][a] += flow


def _used(run: Sequence[Call], stored: set[int]) -> list[Call]:
    """The calls of a run that something still needs."""
    used = set(stored)
    kept: list[Call] = []
    for call in reversed(run):
        if call.rows.ends or id(call.node) in used:
            kept.append(call)
            used |= {id(operand) for operand in call.node.operands}
    return kept[::-1]
