"""`GivenProducts`: the derivative of a custom function in one argument, as an operator made of its author's products.

A product runs the author's function once for each vector, or once for a block of them if that takes stacks. Where the
products of a request are more than the rows or columns of the matrix, or go the way for which none was given, the
matrix is written out once.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError

__all__ = ["GivenProducts", "Products"]

_BLOCK = 64
_MOST_ENTRIES = 2**24
_MOST_CALLS = 1000

Shape = tuple[int, ...]
Product = Callable[..., Any]


class Products(NamedTuple):
    """How to multiply with the derivative in one argument: both take a stack of vectors along the first axis.

    Attributes
    ----------
    name : str
        Of the function, for errors.
    pull, push : callable or None
        ``pull(stack of cotangents, result, args, kwargs)`` and ``push(stack of tangents, result, args, kwargs)``.
    batched : bool
        Whether a stack costs less than its vectors one by one.
    """

    name: str
    pull: Product | None
    push: Product | None
    batched: bool


class GivenProducts:
    """The linear operation of one argument at a point.

    Parameters
    ----------
    products : Products
    result : array
    args, kwargs
        The point.
    position : int
        Of the differentiated argument.
    """

    def __init__(self, products: Products, result: Any, args: tuple, kwargs: dict[str, Any], position: int) -> None:
        self.products, self.result, self.args, self.kwargs, self.position = products, result, args, kwargs, position
        self.out_shape: Shape = tuple(np.shape(result))
        self.in_shape: Shape = tuple(np.shape(args[position]))
        self.rows, self.columns = prod(self.out_shape), prod(self.in_shape)
        self.dtype: np.dtype = result.dtype
        held = [value for value in (result, *args) if hasattr(value, "dtype")]
        self.nbytes: int = sum([value.size * value.dtype.itemsize for value in held])
        self._matrix: Any = None

    def with_arrays(self, change: Callable[[Any], Any]) -> GivenProducts:
        """The same operation on other arrays of the same numbers."""
        args = tuple([change(x) if hasattr(x, "dtype") else x for x in self.args])
        return GivenProducts(self.products, change(self.result), args, self.kwargs, self.position)

    def apply(self, array: Any) -> Any:
        """The derivative along each column."""
        return self._product(self.products.push, self.materialise, array, self.in_shape, self.rows)

    def apply_transposed(self, array: Any) -> Any:
        """The cotangent of the argument for each column."""
        return self._product(self.products.pull, self._transposed, array, self.out_shape, self.columns)

    def _transposed(self) -> Any:
        return np.transpose(self.materialise())

    def _product(
        self, product: Product | None, matrix: Callable[[], Any], array: Any, shape: Shape, target: int
    ) -> Any:
        """The product with vectors of a shape, by the author's function or by a matrix of `target` rows."""
        batch = np.shape(array)[1:]
        count = prod(batch)
        flat = np.reshape(array, (prod(shape), count))
        few = count <= min(self.rows, self.columns) or self.rows * self.columns > _MOST_ENTRIES
        if product is None or not few or self._matrix is not None:
            found = np.matmul(matrix(), flat)
        else:
            found = self._columns(product, flat, shape, target)
        return np.reshape(found, (target, *batch))

    @property
    def push(self) -> Product | None:
        """The author's product with each column of an array, if one was given; a matrix is never written out."""
        return self._directly(self.products.push, self.in_shape, self.rows)

    @property
    def pull(self) -> Product | None:
        """The same with cotangents."""
        return self._directly(self.products.pull, self.out_shape, self.columns)

    def __getstate__(self) -> dict[str, Any]:
        """What is stored in place of functions that have no name where they could be found again is the matrix."""
        state = dict(vars(self))
        try:
            _ = pickle.dumps((self.products, self.kwargs, [x for x in self.args if not hasattr(x, "dtype")]))
        except (AttributeError, TypeError, pickle.PicklingError):
            state["_matrix"] = self.materialise()
            state["products"] = Products(self.products.name, None, None, False)
            state["args"] = tuple([x if hasattr(x, "dtype") else None for x in self.args])
            state["kwargs"] = {}
        return state

    def _directly(self, product: Product | None, shape: Shape, target: int) -> Product | None:
        if product is None:
            return None

        def columns(array: Any) -> Any:
            batch = np.shape(array)[1:]
            flat = np.reshape(array, (np.shape(array)[0], prod(batch)))
            return np.reshape(self._columns(product, flat, shape, target), (target, *batch))

        return columns

    def _columns(self, product: Product, flat: Any, shape: Shape, target: int) -> Any:
        count = np.shape(flat)[1]
        stack = np.reshape(np.transpose(flat), (count, *shape))
        return np.transpose(np.reshape(self._along(product, stack), (count, target)))

    def _along(self, product: Product, stack: Any) -> Any:
        """The product with each vector of a stack, by blocks."""
        if not np.shape(stack)[0]:
            columns = self.rows if product is self.products.push else self.columns
            return np.zeros((0, columns), self.dtype)
        step = _BLOCK if self.products.batched else 1
        blocks = [stack[n : n + step] for n in range(0, np.shape(stack)[0], step)]
        return np.concatenate([product(block, self.result, self.args, self.kwargs) for block in blocks])

    def materialise(self) -> Any:
        """The matrix of shape (size of out, size of in), by products with unit vectors from the smaller side."""
        if self._matrix is None:
            push, pull = self.products.push, self.products.pull
            if pull is not None and (push is None or self.rows <= self.columns):
                self._check_size("jvp", "vjp", self.rows, push is None)
                rows = [pull(units, self.result, self.args, self.kwargs) for units in self._units(self.out_shape)]
                self._matrix = np.reshape(np.concatenate(rows), (self.rows, self.columns))
            else:
                assert push is not None
                self._check_size("vjp", "jvp", self.columns, pull is None)
                columns = [push(units, self.result, self.args, self.kwargs) for units in self._units(self.in_shape)]
                self._matrix = np.transpose(np.reshape(np.concatenate(columns), (self.columns, self.rows)))
        return self._matrix

    def _units(self, shape: Shape) -> Iterator[np.ndarray]:
        """The unit vectors of a shape, in stacks that are small beside the matrix."""
        size, step = prod(shape), _BLOCK if self.products.batched else 1
        for start in range(0, size, step):
            count = min(step, size - start)
            units = np.zeros((count, size), self.dtype)
            units[np.arange(count), start + np.arange(count)] = 1
            yield units.reshape(count, *shape)

    def _check_size(self, missing: str, given: str, calls: int, forced: bool) -> None:
        if forced and (calls > _MOST_CALLS or self.rows * self.columns > _MOST_ENTRIES):
            direction = "vjp, grad or c @ J" if given == "vjp" else "jvp or J @ h"
            raise ArgumentError(
                "custom",
                f"{self.products.name}",
                f"is asked for products that {missing} would give, but has {given} alone: writing out its Jacobian of "
                f"shape {self.out_shape} + {self.in_shape} would take {calls} calls",
                f"Give {missing}= as well, or ask for {direction} alone.",
            )
