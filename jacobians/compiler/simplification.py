"""A program made simpler, before it is written down.

- `algebra` and `contractions`: one form for what can be written in several ways.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..program import Node
from . import algebra, contractions
from .lowering import lowered
from .rewriting import Builder, rebuilt

__all__ = ["simplified"]

_NORMAL = {
    function: (*algebra.RULES.get(function, ()), *contractions.RULES.get(function, ()))
    for function in {*algebra.RULES, *contractions.RULES}
}


def simplified(outputs: Sequence[Node]) -> list[Node]:
    """The outputs of an equal program that does less."""
    return lowered(rebuilt(outputs, Builder(_NORMAL)))
