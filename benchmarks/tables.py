"""Tables of a run: the ratio to the expert with its spread, the best peer, and whether each target is met.

A ratio is the median over turns of (seconds of one in that turn) / (seconds of the other in the same turn); its spread
is the median absolute deviation of these ratios. A target is met if ratio - spread is at most its factor, over 20 turns
or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jacobians.errors import format_bytes
from jacobians.reports.table import table

from .further import FURTHER
from .measuring import spread
from .probe import ALONE, TOGETHER
from .problem import Target
from .problems import PROBLEMS
from .records import Row, Run

__all__ = ["Ratio", "best", "cost_table", "further_table", "peer_table", "ratio", "speed_table", "verdict"]

ENOUGH = 20  # turns
EXPECTED = 1.5  # times the derivative by hand, beyond the table
FIRST_EAGER, FIRST_COMPILED = 50e-3, 200e-3  # seconds of the first call that are always allowed

Rows = Mapping[str, Row]


class Ratio(NamedTuple):
    """How long one takes in the time of another."""

    median: float
    spread: float
    turns: int

    def __str__(self) -> str:
        digits = 2 if self.median < 10 else 0
        return f"{self.median:.{digits}f} ± {self.spread:.{digits}f}"


def ratio(row: Row | None, other: Row | None) -> Ratio | None:
    """Of two rows that took turns in one run; None if one of them was not timed."""
    if row is None or other is None or not row.seconds or not other.seconds:
        return None
    turns = min(len(row.seconds), len(other.seconds))
    ratios = np.array(row.seconds[:turns]) / np.array(other.seconds[:turns])
    return Ratio(float(np.median(ratios)), spread(ratios), turns)


def best(rows: Rows, beginning: str = "") -> Row | None:
    """The fastest way of a peer; of all peers but the expert and this library, if none is named."""
    timed = [row for row in rows.values() if row.seconds]
    if beginning:
        timed = [row for row in timed if row.peer == beginning or row.peer.startswith(f"{beginning}-")]
    else:
        timed = [row for row in timed if not row.peer.startswith(("hand", "ours", ALONE))]
    return min(timed, key=lambda row: row.median or 0.0, default=None)


def ours_of(rows: Rows) -> Row | None:
    """Compiled, or eager where that was not timed."""
    return next((rows[name] for name in ("ours-compiled", "ours") if name in rows and rows[name].seconds), None)


def verdict(rows: Rows, target: Target, threads: int) -> str:
    """What became of a target: met, missed, or why that cannot be told."""
    goal = f"{target.factor:g} x {target.against}"
    if target.threads != threads:
        return f"{goal}: with {target.threads} threads"
    ours = ours_of(rows)
    found = ratio(ours, best(rows, target.against))
    if ours is None or found is None:
        return f"{goal}: not measured"
    how = "" if ours.peer == "ours-compiled" else " (eager)"
    if found.turns < ENOUGH:
        return f"{goal}: {found}, {found.turns} turns only{how}"
    return f"{goal}: {found} {'met' if found.median - found.spread <= target.factor else 'missed'}{how}"


def first_call(row: Row | None, *allowed: float) -> str:
    """Milliseconds of the first call, with a mark where it takes longer than what is always allowed.

    More is allowed where a call records many operations, which a run does not tell.
    """
    if row is None or row.first is None:
        return "-"
    return f"{1e3 * row.first:.0f}{'!' if allowed and row.first > max(allowed) else ''}"


def memory(row: Row | None, ours: Row | None) -> str:
    """The peak, and how many times it is inputs plus result plus the largest intermediate of our plan."""
    if row is None or row.peak is None:
        return "-"
    planned = ours.largest_intermediate if ours else None
    allowed = (row.input_bytes or 0) + (row.result_bytes or 0) + (planned or 0)
    return f"{format_bytes(row.peak)} ({row.peak / max(allowed, 1):.2f})"


def stated_bytes(count: int | None) -> str:
    return "-" if count is None else format_bytes(count)


def milliseconds(row: Row | None) -> str:
    """The median, or why there is none."""
    if row is None:
        return "-"
    if row.median is None:
        return row.status
    return f"{1e3 * row.median:.3g}" if row.median < 1 else f"{1e3 * row.median:.0f}"


def speed_table(run: Run, markdown: bool = False) -> str:
    """One line for each problem and size: milliseconds, the ratio to the expert, and what became of the targets.

    The column `machine`, on several threads, tells how long work in the cache takes on them, one thread being 1.
    """
    header = ("problem", "size", "hand ms", "ours ms", "compiled ms", "ours / hand", "best other ms", "other", "target")
    probed = any(row.peer == TOGETHER for row in run.rows)
    header = (*header[:6], "machine", *header[6:]) if probed else header
    lines = []
    for (name, size), rows in run.cases():
        other = best(rows)
        targets = PROBLEMS[name].targets if name in PROBLEMS else ()
        lines.append(
            (
                name,
                size,
                *[milliseconds(rows.get(way)) for way in ("hand", "ours", "ours-compiled")],
                str(ratio(ours_of(rows), rows.get("hand")) or "-"),
                *[str(ratio(rows.get(TOGETHER), rows.get(ALONE)) or "-")] * probed,
                milliseconds(other),
                other.peer if other else "-",
                "; ".join(verdict(rows, target, run.threads) for target in targets) or "-",
            )
        )
    return laid_out(header, lines, markdown)


def further_table(run: Run, markdown: bool = False) -> str:
    """One line for each problem beyond the table, and before them how many keep to what is expected."""
    header = ("problem", "what is asked", "size", "hand ms", "ours ms", "compiled ms", "compiled / hand")
    lines, ratios = [], []
    for (name, size), rows in run.cases():
        found = ratio(rows.get("ours-compiled"), rows.get("hand"))
        ratios += [found.median] if found else []
        times = [milliseconds(rows.get(way)) for way in ("hand", "ours", "ours-compiled")]
        lines.append((name, FURTHER[name].title if name in FURTHER else "-", size, *times, str(found or "-")))
    kept, half, worst = sum([found <= EXPECTED for found in ratios]), np.median(ratios or [np.nan]), max([0.0, *ratios])
    told = f"At most {EXPECTED:g} times by hand: {kept} of {len(lines)}. "
    told += f"Half of them: at most {half:.2f} times; the worst: {worst:.2f}."
    return f"{told}\n\n{laid_out(header, lines, markdown)}"


def cost_table(run: Run, markdown: bool = False) -> str:
    """One line for each problem and size: first calls, memory, and multiplications by the library's plan."""
    header = ("problem", "size", "first ms", "compiled", "best other", "result", "peak ours", "compiled", "hand")
    header += ("largest intermediate", "multiplications")
    lines = []
    for (name, size), rows in run.cases():
        eager, compiled, other = rows.get("ours"), rows.get("ours-compiled"), best(rows)
        lines.append(
            (
                name,
                size,
                first_call(eager, FIRST_EAGER, 2 * ((compiled.median if compiled else None) or 0.0)),
                first_call(compiled, FIRST_COMPILED),
                first_call(other),
                stated_bytes(eager.result_bytes if eager else None),
                *[memory(row, eager) for row in (eager, compiled, rows.get("hand"))],
                stated_bytes(eager.largest_intermediate if eager else None),
                f"{eager.multiplications:,}" if eager and eager.multiplications is not None else "-",
            )
        )
    return laid_out(header, lines, markdown)


def peer_table(run: Run, markdown: bool = False) -> str:
    """One line for each way of each peer, with what failed and why."""
    header = ("problem", "size", "way", "ms", "/ hand", "first ms", "result", "cores", "differs by", "note")
    lines = []
    for (name, size), rows in run.cases():
        for row in rows.values():
            lines.append(
                (
                    name,
                    size,
                    row.peer,
                    milliseconds(row),
                    str(ratio(row, rows.get("hand")) or "-"),
                    "-" if row.first is None else f"{1e3 * row.first:.0f}",
                    stated_bytes(row.result_bytes),
                    f"{row.cores:.1f}" if row.seconds else "-",
                    "-" if row.difference is None else f"{row.difference:.0e}",
                    row.note.replace("|", "/"),
                )
            )
    return laid_out(header, lines, markdown)


def laid_out(header: Sequence[str], lines: Sequence[Sequence[str]], markdown: bool) -> str:
    if not markdown:
        return table(header, lines)
    words = [not any([cell[:1].isdigit() for cell in column]) for column in zip(*lines, strict=True)] or [True] * len(
        header
    )
    rule = ["---" if n < 2 or word else "--:" for n, word in enumerate(words)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *lines))
