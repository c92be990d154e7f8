"""Two runs side by side: what became faster or slower, as such and in units of the expert of the same run.

The second ratio is the one to believe when the machine was busier in one of the runs.
"""

from __future__ import annotations

from jacobians.reports.table import table

from .records import Row, Run
from .tables import milliseconds, ratio

__all__ = ["comparison"]

NOTEWORTHY = 1.1


def comparison(old: Run, new: Run) -> str:
    """A table of the rows that both runs timed, then what only one of them has, then how the machines differ."""
    before, after = dict(old.cases()), dict(new.cases())
    header = ("problem", "size", "way", "old ms", "new ms", "new / old", "old / hand", "new / hand", "change")
    lines, only = [], []
    for case in {**before, **after}:
        left, right = before.get(case, {}), after.get(case, {})
        for name in {**left, **right}:
            first, second = left.get(name), right.get(name)
            if first is None or second is None or first.median is None or second.median is None:
                only.append(f"{case[0]} [{case[1]}] {name}: {stated(first)}, then {stated(second)}")
                continue
            hands = ratio(first, left.get("hand")), ratio(second, right.get("hand"))
            change = hands[1].median / hands[0].median if hands[0] and hands[1] else second.median / first.median
            lines.append(
                (
                    *case,
                    name,
                    milliseconds(first),
                    milliseconds(second),
                    f"{second.median / first.median:.2f}",
                    str(hands[0] or "-"),
                    str(hands[1] or "-"),
                    word(change),
                )
            )
    parts = [table(header, lines) if lines else "No row was timed in both runs."]
    if only:
        parts.append("Not timed in both:\n" + "\n".join(f"  {line}" for line in only))
    different = differences(old.environment, new.environment)
    if different:
        parts.append("The runs differ in:\n" + "\n".join(f"  {line}" for line in different))
    return "\n\n".join(parts)


def stated(row: Row | None) -> str:
    if row is None:
        return "not there"
    return milliseconds(row) + (" ms" if row.median is not None else f" ({row.note})")


def word(change: float) -> str:
    """What a ratio means."""
    if change > NOTEWORTHY:
        return f"slower by {change:.2f}"
    if change < 1 / NOTEWORTHY:
        return f"faster by {1 / change:.2f}"
    return "level"


def differences(old: dict, new: dict, prefix: str = "") -> list[str]:
    """What two environments do not share, but for the time and the load."""
    found = []
    for key in {**old, **new}:
        left, right = old.get(key), new.get(key)
        if key in ("time", "load", "command") or left == right:
            continue
        if isinstance(left, dict) and isinstance(right, dict):
            found += differences(left, right, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}: {left}, then {right}")
    return found
