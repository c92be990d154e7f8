"""`Jacobian`: a generalized Jacobian of shape out_shape + in_shape, explicit or lazy.

Its body is a linear graph. Explicit means that the graph has been eliminated to terms, lazy that each product runs the
elimination with its vector; ``@``, ``+``, ``.T`` join graphs without computing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chain import diagonal
from ..contract import Placed, to_dense
from ..elimination import Plan, held_bytes
from ..errors import ChainError, ShapeError, format_bytes
from ..labels import axes_of
from ..terms import Term, remembering
from .entrywise import Entrywise, is_number
from .filling import dense_array
from .limits import check_fits, joint_mode, memory_limit
from .linking import Body, Linear, add, compose, edge, of_terms, scale, transpose
from .making import ConstructorOrMethod, as_shape, as_value, dense_terms, diagonal_entries, einsum_term, owned_value
from .picking import pick, row_terms
from .products import pull_cotangent, push_tangent
from .results import shared_blocks, sparse_bytes, sparse_matrix
from .structure import describe, is_diagonal
from .wirtinger import ComplexParts, entry_dtype

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["Jacobian"]


def _from_diagonal(cls: type[Jacobian], entries: Any) -> Jacobian:
    """The diagonal Jacobian with these entries, of shape ``entries.shape * 2``; they are copied."""
    entries = owned_value(entries)
    return cls.of_terms([diagonal_entries(entries)], entries.shape, entries.shape, entries.dtype)


class Jacobian(ComplexParts, Entrywise):
    """The derivative of a function of one array, as a tensor of shape ``out_shape + in_shape``.

    Made by `jacobians.jacobian`, by hand (`from_array`, `from_einsum`, `identity`, `diagonal`, `zeros`), or by the
    algebra: ``J @ K`` is the chain rule, ``J @ h`` and ``c @ J`` are products with arrays, ``J.T`` swaps out and in.

    Examples
    --------
    >>> import numpy as np
    >>> J = Jacobian.from_einsum("ij,jk->i|k", np.ones((2, 3)), np.ones((3, 2)))
    >>> J.shape, J.to_array().tolist()
    ((2, 2), [[3.0, 3.0], [3.0, 3.0]])
    >>> (J @ J.T).diagonal()
    array([18., 18.])
    """

    __slots__ = ("_body", "_input", "_limit", "_mode")

    def __init__(self, body: Body, input: int, mode: str = "auto", limit: int | str | None = None) -> None:
        self._body = body
        self._input = input
        self._mode = mode
        self._limit = limit

    # ------------------------------------------------------------------------------------------------ made by hand
    @classmethod
    def of_terms(
        cls, terms: Sequence[Term], out_shape: tuple, in_shape: tuple, dtype: Any, in_dtype: Any = None
    ) -> Jacobian:
        """The Jacobian that is the sum of these terms, with which it shares their arrays."""
        dtypes = np.dtype(dtype), np.dtype(dtype if in_dtype is None else in_dtype)
        return cls(Body(edge(terms, out_shape, in_shape, *dtypes), (0,), 1), 0, "explicit")

    @classmethod
    def _of_linear(cls, linear: Linear, mode: str, limit: int | str | None) -> Jacobian:
        body = Body(linear.graph, (linear.input,), linear.output, linear.joints, regions=linear.regions)
        return cls(body, linear.input, mode, limit)

    @classmethod
    def from_array(cls, array: Any, in_ndim: int, *, conjugate: Any = None) -> Jacobian:
        """The Jacobian held as one dense array.

        Parameters
        ----------
        array : array_like of shape out_shape + in_shape
            It is copied.
        in_ndim : int
            How many of the last axes belong to the input.
        conjugate : array_like, optional
            Of the same shape: ``J @ h`` is ``array h + conjugate conj(h)``, between complex arrays.

        Examples
        --------
        >>> Jacobian.from_array([[1.0, 2.0]], in_ndim=1).in_shape
        (2,)
        """
        terms, dtype = dense_terms(array, in_ndim, conjugate)
        return cls.of_terms(terms, terms[0].out_shape, terms[0].in_shape, dtype)

    @classmethod
    def from_einsum(cls, expression: str, *operands: Any) -> Jacobian:
        """The Jacobian held as the factors of an einsum expression with a bar between out and in.

        Parameters
        ----------
        expression : str
            Such as ``"ij,jk->i|k"``; a letter on both sides of the bar is a Kronecker delta.
        *operands : array_like
            They are copied.

        Examples
        --------
        >>> Jacobian.from_einsum("b,i->b|bi", np.ones(3), np.ones(2)).structure
        'block-diagonal over axis 0'
        """
        arrays = tuple([owned_value(operand) for operand in operands])
        term = einsum_term(expression, arrays)
        return cls.of_terms([term], term.out_shape, term.in_shape, np.result_type(*[array.dtype for array in arrays]))

    @classmethod
    def identity(cls, shape: tuple[int, ...], dtype: Any = float) -> Jacobian:
        """The identity on arrays of this shape; it holds no numbers.

        Examples
        --------
        >>> Jacobian.identity((3,)).nbytes
        0
        """
        axes = axes_of(as_shape(shape))
        return cls.of_terms([Term(axes, axes)], as_shape(shape), as_shape(shape), dtype)

    @classmethod
    def zeros(cls, out_shape: tuple[int, ...], in_shape: tuple[int, ...], dtype: Any = float) -> Jacobian:
        """The zero Jacobian of these shapes; it holds no numbers.

        Examples
        --------
        >>> Jacobian.zeros((2,), (3,)).structure
        'zero'
        """
        return cls.of_terms([], as_shape(out_shape), as_shape(in_shape), dtype)

    # ------------------------------------------------------------------------------------------------- what it is
    @property
    def out_shape(self) -> tuple[int, ...]:
        """The shape of the output of the function."""
        return self._body.graph.shapes[self._body.output]

    @property
    def in_shape(self) -> tuple[int, ...]:
        """The shape of the input of the function."""
        return self._body.graph.shapes[self._input]

    @property
    def shape(self) -> tuple[int, ...]:
        """``out_shape + in_shape``."""
        return self.out_shape + self.in_shape

    @property
    def ndim(self) -> int:
        """The number of axes of out and in together."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the output."""
        return self._body.graph.dtypes[self._body.output]

    @property
    def in_dtype(self) -> np.dtype:
        """The dtype of the input, which vector-Jacobian products have."""
        return self._body.graph.dtypes[self._input]

    @property
    def mode(self) -> str:
        """``"explicit"``, ``"lazy"``, or ``"auto"`` while no request has decided it."""
        return "explicit" if self._body.is_eliminated else self._mode

    @property
    def plan(self) -> Plan:
        """The order of elimination and its predicted costs; printing it computes nothing."""
        return self._body.plan

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms whose sum this is; they share their arrays with the Jacobian."""
        body = self._body
        if body.is_eliminated:
            return tuple(body.terms(keep=True)[self._input])
        with remembering():
            if self._mode == "auto" and not body.fits(memory_limit(self._limit)):
                self._mode = "lazy"
            return tuple(body.terms(keep=self._mode != "lazy")[self._input])

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers and indices held: of the terms if explicit, of the graph if lazy."""
        if self._body.is_eliminated or self._mode == "explicit":
            return held_bytes(self.terms)
        return held_bytes([term for edges in self._body.graph.into for terms in edges.values() for term in terms])

    @property
    def dense_nbytes(self) -> int:
        """Bytes that the dense array would take."""
        return prod(self.shape) * entry_dtype(self.dtype, self.in_dtype).itemsize

    @property
    def structure(self) -> str:
        """What the labels prove, in words; eliminates the graph if it is not yet."""
        return describe(self.terms)

    @property
    def is_diagonal(self) -> bool:
        """Whether the labels prove that only entries with equal out and in index can differ from zero."""
        return self.out_shape == self.in_shape and is_diagonal(self.terms)

    def __repr__(self) -> str:
        known = f"{self.structure}, " if self.mode == "explicit" else ""
        return (
            f"Jacobian({self.out_shape} | {self.in_shape}, {self.dtype}, {known}"
            f"held {format_bytes(self.nbytes)}, dense {format_bytes(self.dense_nbytes)}, {self.mode})"
        )

    # --------------------------------------------------------------------------------------------------- algebra
    @property
    def T(self) -> Jacobian:
        """The transposed Jacobian, of shape in_shape + out_shape."""
        return self._of_linear(transpose(self._linear()), self._mode, self._limit)

    def __matmul__(self, other: Any) -> Any:
        """``J @ K``, the chain rule; or ``J @ h``, with h of shape in_shape + batch."""
        if isinstance(other, Jacobian):
            if self.in_shape != other.out_shape:
                raise ChainError(self.in_shape, other.out_shape)
            mode = joint_mode(self._mode, other._mode)
            return self._of_linear(compose(self._linear(), other._linear()), mode, self._limit)
        if isinstance(other, Entrywise):
            return NotImplemented  # a Jacobian of nests knows how it follows this one
        h = as_value(other)
        return push_tangent(self._linear(), h, "J @ h", np.shape(h)[len(self.in_shape) :])

    def __rmatmul__(self, other: Any) -> Any:
        """``c @ J``, with c of shape batch + out_shape."""
        c = as_value(other)
        return pull_cotangent(self._linear(), c, "c @ J", np.shape(c)[: max(np.ndim(c) - len(self.out_shape), 0)])

    def jvp(self, tangent: Any) -> Any:
        """The Jacobian-vector product: the derivative along a tangent of shape in_shape, of shape out_shape."""
        return push_tangent(self._linear(), as_value(tangent), "jvp", ())

    def vjp(self, cotangent: Any) -> Any:
        """The vector-Jacobian product with a cotangent of shape out_shape, of shape in_shape."""
        return pull_cotangent(self._linear(), as_value(cotangent), "vjp", ())

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Jacobian):
            return self._by_entries(np.add, self, other)
        if self.shape != other.shape or self.out_shape != other.out_shape:
            expected, found = (f"{s.out_shape} | {s.in_shape}" for s in (self, other))
            raise ShapeError("J + K", "right", expected, found)
        mode = self._mode if self._mode == other._mode else "auto"
        return self._of_linear(add(self._linear(), other._linear()), mode, self._limit)

    def __sub__(self, other: Any) -> Any:
        return self + (-other) if isinstance(other, Jacobian) else self._by_entries(np.subtract, self, other)

    def __mul__(self, factor: Any) -> Any:
        if not is_number(factor):
            return self._by_entries(np.multiply, self, factor)
        return self._of_linear(scale(self._linear(), factor), self._mode, self._limit)

    __rmul__ = __mul__

    def _linear(self) -> Linear:
        """The smallest graph known: one edge where the terms are."""
        linear = self._body.linear(self._input)  # first: once another thread has the terms, it goes
        ends = self.out_shape, self.in_shape, self.dtype, self.in_dtype
        return of_terms(self.terms, *ends) if self._body.is_eliminated else linear

    # ---------------------------------------------------------------------------------------------------- results
    def to_array(self, memory_limit: int | str | None = None, *, out: np.ndarray | None = None) -> Any:
        """The dense array of shape out_shape + in_shape.

        Parameters
        ----------
        memory_limit : int or str, optional
            Bytes that the result may take; by default the limit of this Jacobian.
        out : ndarray, optional
            Of this shape and dtype; it is overwritten and returned, and no limit holds. Filling a large array again is
            much faster than making another.

        Raises
        ------
        MemoryLimitError
            If it would take more; nothing has been computed then.
        """
        if out is None:
            self._check_fits("to_array()", memory_limit, self.dense_nbytes)
        terms, dtype = self._entries("to_array()")
        return dense_array(terms, self.shape, dtype, self._body.gradient_of == self._input, out)

    _check_fits, _dense = check_fits, to_array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("np.asarray(J): the dense array has to be made; copy=False cannot be satisfied.")
        return np.asarray(self.to_array(), dtype=dtype)

    def to_matrix(self, memory_limit: int | str | None = None) -> Any:
        """The dense matrix of shape (size of out, size of in)."""
        return np.reshape(self.to_array(memory_limit), (prod(self.out_shape), prod(self.in_shape)))

    def to_sparse(self, format: str = "csr") -> Any:
        """The matrix of shape (size of out, size of in) as a SciPy sparse array, straight from the terms.

        Parameters
        ----------
        format : "csr", "csc", "coo" or "bsr"

        Examples
        --------
        >>> Jacobian.identity((3,)).to_sparse("csr").nnz
        3
        """
        terms, dtype = self._entries("to_sparse()")
        placed = [Placed(term) for term in terms]
        self._check_fits("to_sparse()", None, sparse_bytes(placed, dtype))
        return sparse_matrix(placed, (prod(self.out_shape), prod(self.in_shape)), dtype, format)

    def to_linear_operator(self) -> LinearOperator:
        """The matrix of shape (size of out, size of in) as a SciPy LinearOperator."""
        from .operators import JacobianOperator  # slow to import

        return JacobianOperator(self)

    def _read_diagonal(self) -> Any:
        """The entries with equal out and in index, of shape out_shape; the Jacobian itself is not built.

        Called on the class, ``Jacobian.diagonal(d)`` makes the diagonal Jacobian with the entries d.
        """
        if self.out_shape != self.in_shape:
            raise ShapeError(
                "diagonal()", "the input", self.out_shape, self.in_shape, "Only a square Jacobian has one."
            )
        terms, dtype = self._entries("diagonal()")
        return to_dense([d for d in map(diagonal, terms) if d is not None], self.out_shape, dtype)

    diagonal = ConstructorOrMethod(_from_diagonal, _read_diagonal)

    def diagonal_blocks(self, axis: int = 0) -> Any:
        """The blocks along an axis that out and in share, of shape (size, rest of out..., rest of in...).

        Parameters
        ----------
        axis : int
            The position of the shared axis, the same in out and in.

        Raises
        ------
        StructureError
            If the labels do not prove that the axis is shared.

        Examples
        --------
        >>> J = Jacobian.from_einsum("boi->bo|bi", np.ones((4, 3, 2)))
        >>> J.diagonal_blocks(0).shape
        (4, 3, 2)
        """
        terms, dtype = self._entries("diagonal_blocks()")
        return shared_blocks(terms, self.out_shape, self.in_shape, axis, dtype)

    def __getitem__(self, index: Any) -> Any:
        """Entries of the tensor of shape out_shape + in_shape, by any NumPy index; only these are computed."""
        shape = np.broadcast_to(np.zeros(()), self.shape)[index].shape  # NumPy's own IndexError
        self._check_fits("J[...]", None, prod(shape) * self.dtype.itemsize)
        first: Any = index[0] if isinstance(index, tuple) and index else index
        dtype = entry_dtype(self.dtype, self.in_dtype)
        position = isinstance(first, (int, np.integer)) and not isinstance(first, bool)
        if self._mode == "lazy" and self.out_shape and position and dtype.kind != "c":
            terms = row_terms(self._linear(), int(first))
        else:
            terms = self._entries("J[...]")[0]
        return pick(terms, self.shape, index, dtype)[()]

    def __reduce__(self) -> Any:
        return Jacobian.of_terms, (self.terms, self.out_shape, self.in_shape, self.dtype, self.in_dtype)
