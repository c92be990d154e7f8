"""Sums of products in portions: what is summed away need never stand in memory as a whole.

``sum_n g[n] y[n, i] x[n, j]`` is small where n is long, but ``g y`` is as large as y. Over a few hundred n at a time it
stays in the cache, and takes no fresh memory, which costs more than the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

__all__ = ["portion", "slice_length"]

Numbers = tuple[int, ...]

LARGE = 2**18
"""Entries of an intermediate from which it is made in portions."""

CACHED = 2**15
"""Entries of an intermediate in a portion. 250 x 10,000, then 25 matrices of 10 x 10: 8.5 against 17 ms at once."""

SHORT = 64
"""A portion is at least so long: shorter sums are no work for BLAS."""

SMALL = 16
"""How many times as large as the result the intermediate is at least: a result is added to once for each portion."""


SLICE = 2**17
"""Entries of an intermediate in a slice of the result: small enough for a cache, and large enough for BLAS."""


def portion(output: Numbers, sizes: Sequence[int], intermediates: Sequence[Numbers]) -> tuple[int, int] | None:
    """The label to sum over in portions, and how long they are; None where all is best done at once.

    Parameters
    ----------
    output : tuple of int
        The labels of the result.
    sizes : sequence of int
        By label.
    intermediates : sequence of tuple of int
        The labels of each; all must carry the label, for else they would be made in each portion anew.

    Examples
    --------
    >>> portion((1, 2), [10_000, 100, 10], [(0, 1)])
    (0, 327)
    >>> portion((0, 1), [10_000, 100, 10], [(0, 1)])
    """
    largest = max([prod([sizes[n] for n in labels]) for labels in intermediates], default=0)
    if largest < LARGE or SMALL * prod([sizes[n] for n in output]) > largest:
        return None
    summed = set(intermediates[0]).intersection(*intermediates[1:]).difference(output)
    if not summed:
        return None
    label = max(sorted(summed), key=lambda n: sizes[n])
    length = sizes[label] * CACHED // largest
    return None if length < SHORT else (label, length)


def slice_length(output: Numbers, sizes: Sequence[int], intermediates: Sequence[Numbers]) -> int | None:
    """How much of the first label of a result is worked out at a time; None where all is best done at once.

    Parameters
    ----------
    output : tuple of int
        The labels of the result.
    sizes : sequence of int
        By label.
    intermediates : sequence of tuple of int
        The labels of each; all must carry the first one of the result, for else they would be made again and again.

    Examples
    --------
    >>> slice_length((0, 1), [1000, 2000], [(0, 1)])
    65
    >>> slice_length((0, 1), [1000, 2000, 50], [(2, 1)])
    """
    largest = max([prod([sizes[n] for n in labels]) for labels in intermediates], default=0)
    if largest < LARGE or not all([output[0] in labels for labels in intermediates]):
        return None
    length = max(1, sizes[output[0]] * SLICE // largest)
    return length if length < sizes[output[0]] else None
