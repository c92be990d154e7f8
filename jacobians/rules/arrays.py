"""Rules of the library's own array functions, `scatter` and `embed`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import embed, scatter
from ..labels import axes_of, flatten
from ..registry import Call, LocalTerm, local
from ..terms import Term
from .indexing import picked

__all__: list[str] = []


@local(scatter)
def _(call: Call, values: Any, index: Any, size: int, injective: bool = False) -> Iterator[LocalTerm]:
    """Row ``values[n]`` goes to row ``index[n]``."""
    inp = axes_of(np.shape(values))
    rows, maps = picked(size, inp[0], index, injective or None)
    yield 0, 0, Term((rows, *inp[1:]), inp, maps=maps)


@local(embed)
def _(call: Call, core: Any, pattern: tuple[tuple[int, ...], ...]) -> Iterator[LocalTerm]:
    """An axis of the result is a group of axes of the core: labels only."""
    inp = axes_of(np.shape(core))
    yield 0, 0, Term(tuple([flatten(tuple([inp[axis] for axis in group])) for group in pattern]), inp)
