"""Compile a function, derivatives included, into a straight line of NumPy calls.

In the order in which a function passes through:

- `compiled`: `compile` and `Compiled`, one program for each signature; `entrance`: which program a call is for.
- `trees`, `parameters`, `places`: nests of arrays, the parameters of a program, arrays of the caller for results.
- `staging`: the function runs on symbols, and is a list of nodes; `writes`: what it writes into arrays goes in place.
- `loops`, `rewrites`: steps that repeat become loops; what is computed becomes less.
- `assembling`, `filling`, `boxes`, `grids`, `thinning`, `runs`, `tallying`, `statements`, `single`: nodes become
  statements.
- `blocks`: large arrays are worked on in blocks, on several threads.
- `numbers`, `arithmetic`: single numbers are Python's own floats.
- `kernel`, `printing`, `namespace`, `constants`: statements become text, and the text a function.
- `saving`: the text becomes a module of its own.
"""

from .blocks.blockwise import set_threads
from .compiled import Compiled, compile

__all__ = ["Compiled", "compile", "set_threads"]
