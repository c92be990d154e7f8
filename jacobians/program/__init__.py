"""A straight line of NumPy calls, and the array that writes it.

The lowest level of tracing: below all derivatives, a `Symbol` records what is done to it instead of computing. The
engine works on symbols as it works on numbers, and what it would have computed is left as a `Node` for each call.

- `node`: `Node`, one call, an input or a constant; `walk` finds the nodes in an argument.
- `recorder`: `Recorder`, which knows each call only once; `recorded` tells whether one is at work.
- `shapes`: the shape and dtype of a call without its numbers.
- `identities`: calls that change nothing are not recorded.
- `symbol`: `Symbol`, the array that is handed to the function.
"""

from .node import CONSTANT, INPUT, Node, replaced, topological, walk
from .recorder import Recorder, constant_symbol, recording
from .symbol import Symbol

__all__ = [
    "CONSTANT",
    "INPUT",
    "Node",
    "Recorder",
    "Symbol",
    "constant_symbol",
    "recording",
    "replaced",
    "topological",
    "walk",
]
