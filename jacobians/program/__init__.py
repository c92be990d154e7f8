"""A straight line of NumPy calls, and the array that writes it.

The lowest level of tracing: below all derivatives, a `Symbol` records what is done to it instead of computing. The
engine works on symbols as it works on numbers, and what it would have computed is left as a `Node` for each call.

- `node`: `Node`, one call, an input or a constant; `walk` finds those in an argument, `uses_of` counts who reads each.
- `recorder`: `Recorder`, which knows each call only once.
- `undecided`: the calls that cannot be recorded, and what to do instead; `makers`: those that run at once.
- `keys`: which arguments are equal; `twins`: `Twins`, constants that equal others; `matrices`: sparse matrices as
  constants.
- `shapes`: the shape and dtype of a call without its numbers.
- `choices`: axes, shapes and counts are Python's integers; `views`: what lies in the memory of an operand.
- `identities`, `spelling`: calls that change nothing are not recorded, and calls that do the same are one; `indices`:
  what an einsum is written with.
- `symbol`: `Symbol`, the array that is handed to the function; `holds` tells what is certain of a condition,
  `recorded` calls a ufunc at once.
"""

from .identities import same_as
from .indices import Indices, indices_of, sizes_of
from .keys import argument_key
from .node import CONSTANT, INPUT, Node, replaced, topological, uses_of, walk, with_operands
from .recorder import Recorder, constant_symbol, recording
from .shapes import infer
from .symbol import Symbol, holds, recorded
from .twins import Twins, lying, same_bytes

__all__ = [
    "CONSTANT",
    "INPUT",
    "Indices",
    "Node",
    "Recorder",
    "Symbol",
    "Twins",
    "argument_key",
    "constant_symbol",
    "holds",
    "indices_of",
    "infer",
    "lying",
    "recorded",
    "recording",
    "replaced",
    "same_as",
    "same_bytes",
    "sizes_of",
    "topological",
    "uses_of",
    "walk",
    "with_operands",
]
