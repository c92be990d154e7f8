"""Compile a function, derivatives included, into a straight line of NumPy calls."""

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
