"""Aligned columns for a terminal, and seconds for a human.

- `table(header, rows)` aligns the columns.
- `seconds(duration)` chooses the unit.
- `Progress` is what long work calls to say where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

__all__ = ["Progress", "seconds", "silent", "table"]

Progress = Callable[[str], None]


def silent(message: str) -> None:
    """The progress of work that tells none."""


def seconds(duration: float) -> str:
    """A duration for a human.

    Examples
    --------
    >>> seconds(0.00042), seconds(0.042), seconds(4.2)
    ('0.42 ms', '42 ms', '4.2 s')
    """
    if duration >= 1:
        return f"{duration:.1f} s"
    milliseconds = 1000 * duration
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of right-aligned columns under a header and a rule.

    Examples
    --------
    >>> print(table(["batch", "bytes"], [["16", "1.0 MB"], ["1024", "64.2 MB"]]))
    batch    bytes
    -----  -------
       16   1.0 MB
     1024  64.2 MB
    """
    body = [list(row) for row in rows]
    widths = [max(len(line[n]) for line in [header, *body]) for n in range(len(header))]
    lines = [list(header), ["-" * width for width in widths], *body]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
