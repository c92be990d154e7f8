"""A program made simpler, before it is written down.

- `algebra` and `contractions`: one form for what can be written in several ways.
- `scales`: numbers are multiplied where that costs least.
- `lowering`: contractions become direct calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..program import Node
from . import algebra, contractions
from .lowering import lowered
from .rewriting import Builder, rebuilt
from .scales import placed

__all__ = ["simplified"]

_NORMAL = {
    function: (*algebra.RULES.get(function, ()), *contractions.RULES.get(function, ()))
    for function in {*algebra.RULES, *contractions.RULES}
}


def simplified(outputs: Sequence[Node]) -> list[Node]:
    """The outputs of an equal program that does less."""
    outputs = rebuilt(outputs, Builder(_NORMAL))
    return lowered(placed(outputs, Builder({})))
