"""How long NumPy's calls take on an ordinary machine: what predictions of seconds are made of.

A call costs a little by itself, and then either what is multiplied and added in it or the bytes that it moves,
whichever takes longer. The figures are rounded measurements of one thread of a server processor. On another machine all
may be a few times larger or smaller: what they are good for is to compare orders, of which one multiplies less in more
calls, or in small ones.
"""

from __future__ import annotations

__all__ = ["CALL", "MULTIPLY_ADDS", "READ", "WRITE", "seconds_of"]

CALL = 1e-6
"""Seconds of a call on arrays without entries."""

MULTIPLY_ADDS = 25e9
"""Multiplications with an addition in a second, in a product of large matrices."""

READ = 25e9
"""Bytes that are read in a second."""

WRITE = 10e9
"""Bytes that are written in a second, to memory that was not in use."""


def seconds_of(multiplications: int, read: int, written: int) -> float:
    """Seconds of one call.

    Examples
    --------
    >>> seconds_of(100**3, 2 * 80_000, 80_000)  # two matrices of 100 x 100: as long as reading 1 MB
    4.1e-05
    """
    return CALL + max(multiplications / MULTIPLY_ADDS, read / READ + written / WRITE)
