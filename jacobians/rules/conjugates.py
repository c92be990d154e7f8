"""What formulas with an adjoint are written with, so that they hold for real and complex arrays alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..terms import CONJUGATE, Term, acting

__all__ = ["conjugate", "is_complex", "on_conjugate"]


def is_complex(x: Any) -> bool:
    """Whether an operand is complex."""
    return x.dtype.kind == "c" if hasattr(x, "dtype") else np.iscomplexobj(x)


def conjugate(array: Any) -> Any:
    """The complex conjugate of an operand; a real one as it is, without an operation on a traced value."""
    return np.conjugate(array) if is_complex(array) else array


def on_conjugate(term: Term, array: Any) -> Term:
    """A term that acts on the conjugate of the tangent of `array`; for a real one there is no difference."""
    return acting(term, CONJUGATE) if is_complex(array) else term
