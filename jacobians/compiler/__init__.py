"""Compile a function, derivatives included, into a straight line of NumPy calls."""

from .blockwise import set_threads
from .compiled import Compiled, compile

__all__ = ["Compiled", "compile", "set_threads"]
