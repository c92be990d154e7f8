"""Runs of calls that go by rows are done block by block, so that what passes between them stays in the cache.

`fused(statements, kept)` makes of each such run in a list of statements one statement, `Blocked`.

A run is a set of calls with the same number of rows that no path leaves and enters again: each call has a *level*, the
number of times that a path to it has left a run, and calls of one level and one number of rows make a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..program import Node
from .blocked import Blocked
from .rows import Rows, cost, rows_of
from .statements import Assign, Statement

__all__ = ["fused"]

_LARGE = 32_768  # entries of an array from which on a run pays
_LONG = 16_384  # entries of a row that is too long for a block
_CHEAP = 1.0  # nanoseconds for an entry: computing it again is cheaper than storing it
_ALONE = 1e6  # nanoseconds that a single call must take to be worth several threads

Domain = tuple[str, Any]


class _Call:
    """A call that may take part in a run."""

    __slots__ = ("domain", "node", "rows")

    def __init__(self, node: Node, rows: Rows, domain: Domain) -> None:
        self.node, self.rows, self.domain = node, rows, domain


def fused(statements: Sequence[Statement], kept: Iterable[int]) -> list[Statement]:
    """The statements with runs in blocks.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are needed afterwards.
    """
    calls = _calls(statements)
    if not any(call.node.size >= _LARGE for call in calls.values()):
        return list(statements)
    runs = _runs(statements, calls)
    return _ordered(statements, runs, set(kept)) if runs else list(statements)


def _calls(statements: Sequence[Statement]) -> dict[int, _Call]:
    """The calls that go by rows; a view does only behind such a call."""
    calls: dict[int, _Call] = {}
    for statement in statements:
        if not isinstance(statement, Assign) or statement.out:
            continue
        node = statement.node
        rows = rows_of(node)
        if rows is None or rows.size < 2:
            continue
        domain = _domain(node, rows)
        if domain is None:
            continue
        if rows.kind != "call" and not any(_same(calls, cut, domain) for cut in rows.cut):
            continue
        calls[id(node)] = _Call(node, rows, domain)
    return calls


def _same(calls: dict[int, _Call], node: Node, domain: Domain) -> bool:
    return id(node) in calls and calls[id(node)].domain == domain and calls[id(node)].rows.kind != "part"


def _domain(node: Node, rows: Rows) -> Domain | None:
    """What the calls of one run have in common: the number of rows, or the shape where rows are too long."""
    longest = max([operand.size // rows.size for operand in (*rows.cut, node) if operand.shape[:1] == (rows.size,)])
    if longest <= _LONG:
        return ("rows", rows.size)
    shape = rows.cut[0].shape
    if any(operand.shape not in (shape, ()) for operand in node.operands) or rows.kind == "view":
        return None
    if node.shape == shape and node.function is not np.einsum:
        return ("flat", shape)
    return ("flat", shape) if rows.kind == "part" and len(node.args) == 1 and not node.kwargs else None


def _runs(statements: Sequence[Statement], calls: dict[int, _Call]) -> list[list[_Call]]:
    """The calls by run, those that are worth it."""
    levels: dict[int, int] = {}
    for statement in statements:
        for node in statement.makes:
            call = calls.get(id(node))
            level = 0
            for operand in statement.reads:
                before = calls.get(id(operand))
                within = before is None or (call is not None and _joined(before, call))
                level = max(level, levels.get(id(operand), 0) + (not within))
            levels[id(node)] = level
    _delay(statements, calls, levels)
    groups: dict[Any, list[_Call]] = {}
    for call in calls.values():
        groups.setdefault((call.domain, levels[id(call.node)]), []).append(call)
    return [run for run in groups.values() if _pays(run)]


def _joined(before: _Call, after: _Call) -> bool:
    """Whether a call may follow another one in one run."""
    return (
        before.domain == after.domain
        and before.rows.kind != "part"
        and any(cut is before.node for cut in after.rows.cut)
        and sum(operand is before.node for operand in after.node.operands)
        == sum(cut is before.node for cut in after.rows.cut)
    )


def _delay(statements: Sequence[Statement], calls: dict[int, _Call], levels: dict[int, int]) -> None:
    """Move a call to the later run that needs it, if what it reads is at hand there: nothing has to be stored."""
    users: dict[int, list[Statement]] = {}
    for statement in statements:
        for operand in statement.reads:
            users.setdefault(id(operand), []).append(statement)
    for call in reversed(calls.values()):
        node, own = call.node, levels[id(call.node)]
        readers = [(calls.get(id(made)), levels[id(made)]) for user in users.get(id(node), ()) for made in user.makes]
        if not readers or any(reader is None or not _joined(call, reader) for reader, _ in readers):
            continue
        later = min(level for _, level in readers)
        inner = [operand for operand in node.operands if id(operand) in calls and levels[id(operand)] == own]
        if later > own and not inner:
            levels[id(node)] = later


def _pays(run: Sequence[_Call]) -> bool:
    working = [call for call in run if call.rows.kind != "view"]
    if max([max(call.node.size, *[cut.size for cut in call.rows.cut]) for call in working], default=0) < _LARGE:
        return False
    return len(working) > 1 or sum([cost(call.node) for call in working]) > _ALONE


def _ordered(statements: Sequence[Statement], runs: Sequence[list[_Call]], kept: set[int]) -> list[Statement]:
    """The statements with runs in the place of their calls, what each one reads before it."""
    run_of = {id(call.node): n for n, run in enumerate(runs) for call in run}
    makers: dict[int, Any] = {}
    units: list[Any] = []
    for statement in statements:
        numbers = {run_of.get(id(node)) for node in statement.makes}
        unit = statement if numbers == {None} else next(iter(numbers))
        units.append(unit)
        makers.update({id(node): unit for node in statement.makes})
    needed = _needed_outside(statements, run_of, kept)
    _repeat(statements, runs, run_of, needed, kept)
    blocked = {n: _blocked(run, needed, run_of) for n, run in enumerate(runs)}
    result: list[Statement] = []
    done: set[int] = set()

    def place(unit: Any) -> None:
        stack = [(unit, False)]
        while stack:
            unit, ready = stack.pop()
            actual: Statement = blocked[unit] if isinstance(unit, int) else unit
            if id(actual) in done:
                continue
            if ready:
                done.add(id(actual))
                result.append(actual)
                continue
            stack.append((unit, True))
            sources = [makers[id(node)] for node in reversed(actual.reads) if id(node) in makers]
            stack.extend([(source, False) for source in sources if source != unit])

    for unit in units:
        place(unit)
    return _with_views(result, needed)


def _needed_outside(statements: Sequence[Statement], run_of: dict[int, int], kept: set[int]) -> set[int]:
    """The nodes of runs that are read outside their run; of a view, the array behind it too."""
    needed = set(kept)
    for statement in statements:
        own = {run_of.get(id(node)) for node in statement.makes}
        needed |= {id(node) for node in statement.reads if run_of.get(id(node)) not in own or own == {None}}
    for statement in reversed(statements):
        if isinstance(statement, Assign) and id(statement.node) in needed:
            rows = rows_of(statement.node) if id(statement.node) in run_of else None
            if rows is not None and rows.kind == "view":
                needed.add(id(rows.cut[0]))
    return needed


def _repeat(
    statements: Sequence[Statement],
    runs: Sequence[list[_Call]],
    run_of: dict[int, int],
    needed: set[int],
    kept: set[int],
) -> None:
    """Compute a cheap call again in the later runs that need it, with what it needs itself, and do not store it."""
    users: dict[int, set[int | None]] = {}
    for statement in statements:
        for made in statement.makes:
            for operand in statement.reads:
                users.setdefault(id(operand), set()).add(run_of.get(id(made)))
    for n, run in enumerate(runs):
        own = {id(call.node): call for call in run}
        for call in list(run):
            node = call.node
            if id(node) not in needed or id(node) in kept or call.rows.kind != "call":
                continue
            others = [other for other in users.get(id(node), set()) if other != n]
            cone = _cone(call, own, needed)
            price = sum([cost(again.node) for again in cone]) * len(others)
            if price > _CHEAP * node.size or not all(_takes(node, runs, other, call.domain) for other in others):
                continue
            for other in others:
                known = {id(there.node) for there in runs[other or 0]}
                runs[other or 0] += [again for again in cone if id(again.node) not in known]
                for operand in [operand for again in cone for operand in again.node.operands]:
                    users.setdefault(id(operand), set()).add(other)
            needed.discard(id(node))
    place = {id(statement.makes[0]): n for n, statement in enumerate(statements)}
    for run in runs:
        run.sort(key=lambda call: place[id(call.node)])
        run[:] = _used(run, needed)


def _used(run: Sequence[_Call], needed: set[int]) -> list[_Call]:
    """The calls of a run that something still needs."""
    used: set[int] = set(needed)
    kept: list[_Call] = []
    for call in reversed(run):
        if call.rows.kind == "part" or id(call.node) in used:
            kept.append(call)
            used |= {id(operand) for operand in call.node.operands}
    return kept[::-1]


def _cone(call: _Call, own: dict[int, _Call], needed: set[int]) -> list[_Call]:
    """The calls of a run that lead from what is at hand in memory to this one, in order."""
    found: dict[int, _Call] = {}

    def collect(call: _Call) -> None:
        for operand in call.node.operands:
            if id(operand) in own and id(operand) not in needed and id(operand) not in found:
                collect(own[id(operand)])
        found[id(call.node)] = call

    collect(call)
    return list(found.values())


def _takes(node: Node, runs: Sequence[list[_Call]], other: int | None, domain: Domain) -> bool:
    """Whether a run of the same domain takes only rows of a node, and not the whole."""
    if other is None or runs[other][0].domain != domain:
        return False
    return all(node not in call.node.operands or node in call.rows.cut for call in runs[other])


def _blocked(run: Sequence[_Call], needed: set[int], run_of: dict[int, int]) -> Blocked:
    calls = [(call.node, call.rows) for call in run]
    flat = run[0].domain[0] == "flat"
    stored = [call.node for call in run if call.rows.kind == "call" and id(call.node) in needed]
    return Blocked(calls, stored, flat, work=sum([cost(node) for node, _ in calls]))


def _with_views(statements: Sequence[Statement], needed: set[int]) -> list[Statement]:
    """A view of a stored array that is needed outside its run is taken there."""
    result: list[Statement] = []
    for statement in statements:
        result.append(statement)
        if isinstance(statement, Blocked):
            result += [Assign(node) for node, rows in statement.calls if rows.kind == "view" and id(node) in needed]
    return result
