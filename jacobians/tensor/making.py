"""Terms made by hand: from a dense array, from an einsum expression, and the special ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..labels import Label, axes_of
from ..terms import CONJUGATE, Factor, Term, acting
from .entrywise import as_dense

__all__ = [
    "ConstructorOrMethod",
    "array_term",
    "as_shape",
    "as_value",
    "dense_terms",
    "diagonal_entries",
    "einsum_term",
    "owned_value",
]


def array_term(array: Any, in_ndim: int) -> Term:
    """The dense term whose last `in_ndim` axes are those of the input."""
    if not 0 <= in_ndim <= array.ndim:
        raise ShapeError(
            "Jacobian.from_array", f"array with in_ndim={in_ndim}", f"of at least {in_ndim} axes", array.shape
        )
    axes = axes_of(array.shape)
    split = array.ndim - in_ndim
    return Term(axes[:split], axes[split:], (Factor.on(array, axes),))


def dense_terms(array: Any, in_ndim: int, conjugate: Any) -> tuple[list[Term], np.dtype]:
    """The terms of a dense array, and of one that acts on conjugates, or None; and their dtype. Both are copied."""
    array = owned_value(array)
    if conjugate is None:
        return [array_term(array, in_ndim)], array.dtype
    other = owned_value(conjugate)
    if array.shape != other.shape:
        raise ShapeError("Jacobian.from_array", "conjugate=", array.shape, other.shape)
    dtype = np.result_type(array.dtype, other.dtype, np.complex64)
    linear, turned = [array_term(np.astype(part, dtype), in_ndim) for part in (array, other)]
    return [linear, acting(turned, CONJUGATE)], dtype


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape that may be given as one size."""
    return (int(shape),) if np.ndim(shape) == 0 else tuple([int(size) for size in shape])


def diagonal_entries(entries: Any) -> Term:
    """The diagonal term with these entries, of shape ``entries.shape * 2``."""
    axes = axes_of(entries.shape)
    return Term(axes, axes, (Factor.on(entries, axes),))


def einsum_term(expression: str, operands: tuple[Any, ...]) -> Term:
    """The term of an expression such as ``"ij,jk->i|k"``; letters on both sides of the bar are deltas.

    Raises
    ------
    ValueError
        If the expression and the operands do not fit.
    """
    left, arrow, right = expression.replace(" ", "").partition("->")
    out, bar, inp = right.partition("|")
    if not arrow or not bar:
        raise ValueError(
            f"Jacobian.from_einsum: {expression!r} has no '->' and '|'; write it as 'ij,jk->i|k' (out | in)."
        )
    words = left.split(",")
    if len(words) != len(operands):
        raise ValueError(
            f"Jacobian.from_einsum: {expression!r} names {len(words)} operands, but {len(operands)} are given."
        )
    sizes: dict[str, int] = {}
    for word, operand in zip(words, operands, strict=True):
        if len(word) != operand.ndim:
            raise ShapeError("Jacobian.from_einsum", f"operand {word!r}", f"of {len(word)} axes", operand.shape)
        for letter, size in zip(word, operand.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"Jacobian.from_einsum: label {letter!r} has size {sizes[letter]} and size {size}.")
    unknown = [letter for letter in out + inp if letter not in sizes]
    if unknown:
        raise ValueError(f"Jacobian.from_einsum: label {unknown[0]!r} of {right!r} occurs in no operand.")
    axes = {letter: () if size == 1 else (Label(size, letter),) for letter, size in sizes.items()}
    factors = tuple([Factor.on(a, tuple([axes[x] for x in word])) for a, word in zip(operands, words, strict=True)])
    bound = tuple([label for letter in sizes if letter not in out + inp for label in axes[letter]])
    return Term(tuple([axes[x] for x in out]), tuple([axes[x] for x in inp]), factors, bound=bound)


def as_value(array: Any) -> Any:
    """An array of any library as it is, anything else as an ndarray."""
    array = as_dense(array)
    return array if hasattr(array, "__array_function__") else np.asarray(array)


def owned_value(array: Any) -> Any:
    """A copy of an array of floating numbers; integers and booleans become float64."""
    array = as_value(array)
    if array.dtype.kind not in "fciub":
        raise ArgumentError("Jacobian", "an array", f"has dtype {array.dtype}", "Use floating or complex numbers.")
    return array.copy() if array.dtype.kind in "fc" else array.astype(np.result_type(array.dtype, float))


class ConstructorOrMethod:
    """``Jacobian.diagonal(d)`` makes a Jacobian, ``J.diagonal()`` reads one."""

    def __init__(self, constructor: Callable[..., Any], method: Callable[..., Any]) -> None:
        self.constructor, self.method = constructor, method
        self.__doc__ = method.__doc__

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        return self.constructor.__get__(owner) if instance is None else self.method.__get__(instance)
