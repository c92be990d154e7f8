"""Runs of calls that go by rows are done block by block, so that what passes between them stays in the cache.

`fused(statements, kept)` makes of each such run in a list of statements one statement, `Blocked`.

A run is a set of calls with the same number of rows that no path leaves and enters again: each call has a *level*, the
number of times that a path to it has left a run, and calls of one level and one number of rows make a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...program import Node
from ..loops.loop import Loop
from ..statements import Assign, Statement
from .attaching import attached
from .blocked import Blocked
from .grouping import grouped
from .layout import Layout
from .placing import Write
from .rows import LARGE, Call, Rows, is_gather, rows_of
from .sharing import needed_after, shared
from .storing import choose_stored

__all__ = ["fused"]

_LONG = 16_384  # entries of a row that is too long for a block
_ALONE = 1e6  # nanoseconds that a single call must take to be worth several threads

Domain = tuple[str, Any]


def fused(statements: Sequence[Statement], kept: Iterable[int], within: bool = False) -> list[Statement]:
    """The statements with runs in blocks.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are needed afterwards.
    within : bool
        Whether they are the body of a loop.
    """
    for statement in statements:
        if isinstance(statement, Loop):
            statement.body = fused(statement.body, needed_after(statement, statements), within=True)
    kept = set(kept)
    calls = _calls(statements, kept)
    runs = _runs(statements, calls) if calls else []
    if not within:
        statements = attached(statements, [run for run in runs if _pays(run)])
    return _ordered(statements, runs, kept) if runs else list(statements)


def _calls(statements: Sequence[Statement], kept: set[int]) -> dict[int, Call]:
    """The calls that go by rows: those over large arrays, and what comes behind them."""
    calls: dict[int, Call] = {}
    made = [statement.node for statement in statements if isinstance(statement, Assign)]
    if not any([node.size >= LARGE for node in {*made, *[operand for node in made for operand in node.operands]}]):
        return calls
    groups = grouped(statements, kept)
    for statement in statements:
        if type(statement) is not Assign or statement.out:
            continue
        node = statement.node
        rows = groups.get(id(node)) or rows_of(node)
        if rows is None or rows.size < 2:
            continue
        domain = ("rows", rows.size) if id(node) in groups else _domain(node, rows)
        if domain is None:
            continue
        large = rows.kind == "call" and max(node.size, *[cut.size for cut in rows.cut]) >= LARGE
        large = large and node.function is not np.matvec
        if not large and id(node) not in groups and not any(_same(calls, cut, domain) for cut in rows.cut):
            continue
        calls[id(node)] = Call(node, rows, domain)
    return calls


def _same(calls: dict[int, Call], node: Node, domain: Domain) -> bool:
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


def _runs(statements: Sequence[Statement], calls: dict[int, Call]) -> list[list[Call]]:
    """The calls over large arrays by run."""
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
    groups: dict[Any, list[Call]] = {}
    for call in calls.values():
        groups.setdefault((call.domain, levels[id(call.node)]), []).append(call)
    ordered = sorted(groups.items(), key=lambda entry: entry[0][1])
    gathered = {id(node) for s in statements if not isinstance(s, Assign) for node in s.reads}
    return [run for _, group in ordered for run in _parted(group, gathered) if _is_large(run)]


def _parted(group: list[Call], gathered: set[int]) -> list[list[Call]]:
    """A run, and the calls that go through rows of nothing that the others have, unless sums gather their results.

    Such a call gains nothing in a block, and may come later by itself, when its result is needed.
    """
    met = Counter([name for call in group for name in {id(call.node), *[id(cut) for cut in call.rows.cut]}])
    apart = {
        id(call)
        for call in group
        if call.rows.kind == "call" and id(call.node) not in gathered and met[id(call.node)] == 1
        if all([met[id(cut)] == 1 for cut in call.rows.cut])
    }
    return [[c for c in group if id(c) not in apart], *[[c] for c in group if id(c) in apart]]


def _joined(before: Call, after: Call) -> bool:
    """Whether a call may follow another one in one run."""
    return (
        before.domain == after.domain
        and before.rows.kind != "part"
        and any(cut is before.node for cut in after.rows.cut)
        and sum(operand is before.node for operand in after.node.operands)
        == sum(cut is before.node for cut in after.rows.cut)
    )


def _delay(statements: Sequence[Statement], calls: dict[int, Call], levels: dict[int, int]) -> None:
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


def _is_large(run: Sequence[Call]) -> bool:
    return any(max(call.node.size, *[cut.size for cut in call.rows.cut]) >= LARGE for call in run)


def _pays(run: Sequence[Call]) -> bool:
    """Whether a run has several calls to be done block by block, or one that is worth several threads."""
    working = [call for call in run if call.rows.kind not in ("view", "write") and not is_gather(call.node)]
    return _is_large(working) and (len(working) > 1 or working[0].cost > _ALONE)


def _ordered(statements: Sequence[Statement], runs: Sequence[list[Call]], kept: set[int]) -> list[Statement]:
    """The statements with runs in the place of their calls, what each one reads before it."""
    run_of = {id(call.node): n for n, run in enumerate(runs) for call in run}
    makers: dict[int, Any] = {}
    units: list[Any] = []
    for statement in statements:
        numbers = {run_of.get(id(node)) for node in statement.makes}
        unit = statement if numbers == {None} else next(iter(numbers))
        units.append(unit)
        makers.update({id(node): unit for node in statement.makes})
    needed = _needed(statements, runs, run_of, kept)
    position = {id(node): n for n, statement in enumerate(statements) for node in statement.makes}
    stored = choose_stored(runs, needed, position, _readers(statements, kept))
    layout = Layout(statements, [run for run in runs if _pays(run)], kept)
    done_as: dict[int, Any] = {}
    for n, run in enumerate(runs):
        if run:
            done_as[n] = _statement(run, {name for name in stored if run_of.get(name) == n}, layout)
    result: list[Statement] = []
    done: set[int] = set()

    def place(unit: Any) -> None:
        stack = [(unit, False)]
        while stack:
            unit, ready = stack.pop()
            actual: Statement | _Single | None = done_as.get(unit) if isinstance(unit, int) else unit
            if actual is None or id(actual) in done:
                continue
            if ready:
                done.add(id(actual))
                result.extend(actual.statements if isinstance(actual, _Single) else [actual])
                continue
            stack.append((unit, True))
            sources = [makers[id(node)] for node in reversed(actual.reads) if id(node) in makers]
            stack.extend([(source, False) for source in sources if source != unit])

    for unit in units:
        place(unit)
    return _with_views(result, needed)


def _readers(statements: Sequence[Statement], kept: set[int]) -> dict[int, set[int]]:
    """For each fresh array that is not kept, the ids of what the statements that read it make."""
    fresh = {id(s.node) for s in statements if type(s) is Assign and not shared(s.node)} - kept
    found: dict[int, set[int]] = {name: set() for name in fresh}
    for statement in statements:
        for node in statement.reads:
            if id(node) in found:
                found[id(node)].update([id(made) for made in statement.makes])
    return found


def _needed(
    statements: Sequence[Statement], runs: Sequence[list[Call]], run_of: Mapping[int, int], kept: set[int]
) -> set[int]:
    """The nodes of runs that are needed by others than runs over the same rows; of a view, the array behind it too."""
    needed = set(kept)
    call_of = {id(call.node): call for run in runs for call in run}
    for statement in statements:
        for node in statement.reads:
            reader = call_of.get(id(statement.makes[0])) if statement.makes else None
            before = call_of.get(id(node))
            if before is not None and (reader is None or not _joined(before, reader)):
                needed.add(id(node))
    for statement in reversed(statements):
        for node in statement.makes:
            if id(node) in needed and id(node) in run_of and call_of[id(node)].rows.kind == "view":
                needed.add(id(call_of[id(node)].rows.cut[0]))
    return needed


class _Single:
    """What is left of a run where the calls have moved to later ones: statements for themselves."""

    def __init__(self, run: Sequence[Call]) -> None:
        self.statements = [(Write if call.rows.kind == "write" else Assign)(call.node) for call in run]
        made = {id(call.node) for call in run}
        self.reads = tuple([o for call in run for o in call.node.operands if id(o) not in made])


def _statement(run: Sequence[Call], stored: set[int], layout: Layout) -> Blocked | _Single:
    if not _pays(run):
        return _Single(run)
    written = [call.node for call in run if call.rows.kind == "call" and id(call.node) in stored]
    flat = run[0].domain[0] == "flat"
    if not layout.is_turned(run):
        return Blocked(run, written, flat)
    layout.store(run, written)
    calls, copies = layout.with_copies(run)
    return Blocked(calls, written, flat, innermost=True, lined=layout.lined, copies=copies)


def _with_views(statements: Sequence[Statement], needed: set[int]) -> list[Statement]:
    """A view of a stored array that is needed outside its run is taken there."""
    result: list[Statement] = []
    for statement in statements:
        result.append(statement)
        if isinstance(statement, Blocked):
            result += [Assign(c.node) for c in statement.calls if c.rows.kind == "view" and id(c.node) in needed]
    return result
