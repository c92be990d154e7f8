"""`BlockJacobian`: the Jacobian of a function whose argument or result is a nest of arrays.

Its blocks are `Jacobian`s, nested as the result, each entry nested as the argument. They share one graph and one
elimination; products run on all blocks at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract import to_dense
from ..elimination import Plan, held_bytes, pull_several, push_several
from ..errors import ShapeError, format_bytes
from ..labels import axes_of
from ..terms import Factor, Term
from ..trees import LEAF, Tree
from .bundles import Bundle, add, compose, of_terms, scale, transpose
from .entrywise import Entrywise, is_number
from .jacobian import Jacobian
from .limits import check_fits, joint_mode, memory_limit
from .making import as_value
from .parts import Part, dense_view, parts_of, placed_terms
from .products import cotangent_term, floating, of_shape, pulled_array
from .results import sparse_bytes, sparse_matrix
from .waiting import WaitingBundle
from .wirtinger import entry_dtype

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

__all__ = ["BlockJacobian"]

_LINES = 24  # blocks that a printed Jacobian lists

Shape = tuple[int, ...]


class BlockJacobian(Entrywise):
    """The derivative of a function of nests of arrays: blocks, nested as the result and then as the argument.

    ``J["y"]["W"]`` is the `Jacobian` of the array ``y`` of the result in the array ``W`` of the argument; a part that
    is an array, not a nest, takes no key. ``J @ tangents`` and ``cotangents @ J`` take and give nests, ``J @ K`` is the
    chain rule. Its flat view is the matrix whose rows are the arrays of the result, raveled, in the order of the nest,
    and whose columns are those of the argument: `rows` and `columns` tell where each lies.

    Examples
    --------
    >>> import numpy as np
    >>> from jacobians import jacobian
    >>> J = jacobian(lambda p: p["A"] @ p["x"])({"A": np.ones((2, 3)), "x": np.arange(3.0)})
    >>> J
    BlockJacobian(* | {'A': *, 'x': *}, shape (2, 9), float64, held 72 B, dense 144 B, auto)
      ["A"]: (2,) | (2, 3)
      ["x"]: (2,) | (3,)
    >>> J["x"].to_array()
    array([[1., 1., 1.],
           [1., 1., 1.]])
    >>> J @ {"A": np.zeros((2, 3)), "x": np.ones(3)}
    array([3., 3.])
    """

    __slots__ = ("_bundle", "_inp", "_inputs", "_limit", "_mode", "_out", "_outputs")

    def __init__(
        self,
        bundle: Bundle,
        out: Tree,
        inp: Tree,
        mode: str = "auto",
        limit: int | str | None = None,
        parts: tuple[Sequence[int], Sequence[int]] | None = None,
    ) -> None:
        self._bundle, self._out, self._inp, self._mode, self._limit = bundle, out, inp, mode, limit
        self._outputs, self._inputs = parts or (range(len(bundle.outputs)), range(len(bundle.inputs)))

    @classmethod
    def of_blocks(cls, blocks: Sequence[Jacobian], out: Tree, inp: Tree) -> BlockJacobian:
        """The Jacobian of these blocks, row by row; they are explicit from then on."""
        parts = range(len(blocks) // inp.count), range(inp.count)
        return cls(WaitingBundle(_bundle_of, blocks, inp.count), out, inp, "explicit", None, parts)

    # ------------------------------------------------------------------------------------------------- what it is
    @property
    def rows(self) -> list[Part]:
        """The arrays of the result in the order of the rows of the flat view."""
        return parts_of(self._out, self._shapes(self._targets))

    @property
    def columns(self) -> list[Part]:
        """The arrays of the argument in the order of the columns of the flat view."""
        return parts_of(self._inp, self._shapes(self._sources))

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the flat view."""
        rows, columns = [sum(map(prod, self._shapes(vertices))) for vertices in (self._targets, self._sources)]
        return rows, columns

    @property
    def _targets(self) -> list[int]:
        return [self._bundle.outputs[n] for n in self._outputs]

    @property
    def _sources(self) -> list[int]:
        return [self._bundle.inputs[n] for n in self._inputs]

    def _shapes(self, vertices: Sequence[int]) -> list[Shape]:
        return [self._bundle.graph.shapes[vertex] for vertex in vertices]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the flat view; each block has that of its own output."""
        return self._bundle.dtype_of(self._targets)

    @property
    def _entry_dtype(self) -> np.dtype:
        return entry_dtype(self.dtype, self._bundle.dtype_of(self._sources))

    @property
    def mode(self) -> str:
        """``"explicit"``, ``"lazy"``, or ``"auto"`` while no request has decided it."""
        return "explicit" if self._bundle.is_eliminated else self._mode

    @property
    def plan(self) -> Plan:
        """The order of elimination and its predicted costs, for all blocks together; printing it computes nothing."""
        return self._bundle.plan

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers and indices held, each array counted once."""
        if self._bundle.is_eliminated or self._mode == "explicit":
            return held_bytes([term for row in self.grid() for J in row for term in J.terms])
        edges = [terms for into in self._bundle.graph.into for terms in into.values()]
        return held_bytes([term for terms in edges for term in terms])

    @property
    def dense_nbytes(self) -> int:
        """Bytes that the matrix would take."""
        return prod(self.shape) * self._entry_dtype.itemsize

    def __repr__(self) -> str:
        rows, columns = self.rows, self.columns
        held, dense = format_bytes(self.nbytes), format_bytes(self.dense_nbytes)
        size = f"shape {self.shape}, {self.dtype}, held {held}, dense {dense}"
        lines = [f"BlockJacobian({self._out} | {self._inp}, {size}, {self.mode})"]
        for row, blocks in zip(rows, self.grid(), strict=True):
            for column, J in zip(columns, blocks, strict=True):
                known = f", {J.structure}" if self.mode == "explicit" else ""
                lines.append(f"  {row.path}{column.path}: {row.shape} | {column.shape}{known}")
        more = len(lines) - 1 - _LINES
        return "\n".join([*lines[: _LINES + 1], *([f"  ... and {more} blocks more"] if more > 0 else [])])

    # --------------------------------------------------------------------------------------------------- its parts
    @property
    def tree(self) -> tuple[Tree, Tree]:
        """How the result and the argument are nested."""
        return self._out, self._inp

    @property
    def blocks(self) -> Any:
        """The Jacobians, nested as the result, each entry nested as the argument."""
        return self._nested(self.grid())

    def grid(self) -> list[list[Jacobian]]:
        return [
            [Jacobian(self._bundle.row(row), source, self._mode, self._limit) for source in self._sources]
            for row in self._outputs
        ]

    def settled(self) -> list[list[Jacobian]]:
        """`grid` with the terms of all blocks from one elimination, also where they are not kept."""
        bundle = self._bundle
        if self._mode == "auto" and not bundle.is_eliminated:
            needed = bundle.plan.nbytes + bundle.plan.largest_intermediate
            self._mode = "lazy" if needed > memory_limit(self._limit) else "auto"
        if self._mode != "lazy" or bundle.is_eliminated:
            return self.grid()
        explicit = self._linear().explicit(keep=False)
        return BlockJacobian(explicit, self._out, self._inp, "explicit", self._limit).grid()

    def _nested(self, grid: Sequence[Sequence[Any]]) -> Any:
        out, inp = self._out.slopes(), self._inp.slopes()
        return out.build([inp.build(row) for row in grid])

    def __getitem__(self, key: Any) -> Any:
        """The part of the result under a key of its nest; if the result is an array, of the argument.

        Parameters
        ----------
        key : key of a dict, position, or name of a field

        Returns
        -------
        Jacobian, or BlockJacobian where one of the sides is still a nest
        """
        whole = self._inp if self._out.is_leaf else self._out
        tree, leaves = whole.child(key)
        if tree.kind is object:
            raise KeyError(f"{key!r} is a constant, {tree.about!r}, and has no block")
        out, inp = (LEAF, tree) if self._out.is_leaf else (tree, self._inp)
        rows, columns = self._outputs, self._inputs
        parts = (rows, columns[leaves]) if self._out.is_leaf else (rows[leaves], columns)
        return BlockJacobian(self._bundle, out, inp, self._mode, self._limit, parts)._narrowed()

    def _narrowed(self) -> Any:
        """The one block of an array in an array, or the Jacobian itself."""
        if self._out.is_leaf and self._inp.is_leaf:
            return self.grid()[0][0]
        return self

    def keys(self) -> tuple[Any, ...]:
        """What `J[...]` understands, in order."""
        return (self._inp if self._out.is_leaf else self._out).keys

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[Any]:
        """Keys of a dict; the parts of any other nest, so that ``J_a, J_b = J`` takes a pair apart."""
        whole = self._inp if self._out.is_leaf else self._out
        return iter(whole.keys if issubclass(whole.kind, dict) else [self[key] for key in whole.keys])

    # ----------------------------------------------------------------------------------------------------- algebra
    @property
    def T(self) -> BlockJacobian:
        """The transposed Jacobian: nested as the argument, each entry nested as the result."""
        return BlockJacobian(transpose(self._linear()), self._inp, self._out, self._mode, self._limit)

    def __matmul__(self, other: Any) -> Any:
        """``J @ K``, the chain rule; or ``J @ tangents``, a nest with arrays of shape in_shape + batch."""
        if isinstance(other, (Jacobian, BlockJacobian)):
            return _chained(self, _as_blocks(other))
        leaves = _leaves(self._inp, other, "J @ tangents", "the tangent", "the argument")
        batch = np.shape(leaves[0])[len(self.columns[0].shape) :] if leaves else ()
        return self._out.slopes().build(self.pushed(leaves, batch, "J @ tangents"))

    def __rmatmul__(self, other: Any) -> Any:
        """``cotangents @ J``, a nest with arrays of shape batch + out_shape; or ``K @ J`` with a `Jacobian`."""
        if isinstance(other, Jacobian):
            return _chained(_as_blocks(other), self)
        leaves = _leaves(self._out, other, "cotangents @ J", "the cotangent", "the result")
        batch = np.shape(leaves[0])[: max(np.ndim(leaves[0]) - len(self.rows[0].shape), 0)] if leaves else ()
        return self._inp.slopes().build(self.pulled(leaves, batch, "cotangents @ J"))

    def jvp(self, tangents: Any) -> Any:
        """The derivative along a nest of tangents; nested as the result."""
        return self._out.slopes().build(self.pushed(_leaves(self._inp, tangents, "jvp", "the tangent", "the argument")))

    def vjp(self, cotangents: Any) -> Any:
        """The product with a nest of cotangents; nested as the argument."""
        return self._inp.slopes().build(
            self.pulled(_leaves(self._out, cotangents, "vjp", "the cotangent", "the result"))
        )

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, BlockJacobian):
            return self._by_entries(np.add, self, other)
        right = other._aligned("J + K", "the result of K", self._out, self.rows, "the result of J")
        right = right.T._aligned("J + K", "the argument of K", self._inp, self.columns, "the argument of J").T
        mode = self._mode if self._mode == other._mode else "auto"
        return BlockJacobian(add(self._linear(), right._linear()), self._out, self._inp, mode, self._limit)

    def _aligned(self, operation: str, name: str, out: Tree, rows: Sequence[Part], like: str) -> BlockJacobian:
        """This Jacobian with its rows in the order of a nest that differs at most in the order of keys."""
        numbered = self._out.build([np.array(row) for row in range(len(self.rows))])
        order = [int(row) for row in out.match(numbered, operation, name, like)]
        for row, position in zip(rows, order, strict=True):
            if self.rows[position].shape != row.shape:
                raise ShapeError(operation, f"{name}, {row.path or 'an array'},", row.shape, self.rows[position].shape)
        parts = [self._outputs[position] for position in order], self._inputs
        return BlockJacobian(self._bundle, out, self._inp, self._mode, self._limit, parts)

    def _linear(self) -> Bundle:
        """The smallest graph known, with the inputs and outputs that are its own."""
        whole = self._bundle.reduced()
        if list(self._outputs) == [*range(len(whole.outputs))] and list(self._inputs) == [*range(len(whole.inputs))]:
            return whole
        outputs, inputs = [whole.outputs[n] for n in self._outputs], [whole.inputs[n] for n in self._inputs]
        return Bundle(whole.graph, tuple(inputs), tuple(outputs), whole.joints, regions=whole.regions)

    def __sub__(self, other: Any) -> Any:
        return self + (-other) if isinstance(other, BlockJacobian) else self._by_entries(np.subtract, self, other)

    def __mul__(self, factor: Any) -> Any:
        if not is_number(factor):
            return self._by_entries(np.multiply, self, factor)
        return BlockJacobian(scale(self._linear(), factor), self._out, self._inp, self._mode, self._limit)

    __rmul__ = __mul__

    def pushed(self, tangents: Sequence[Any], batch: Shape = (), operation: str = "jvp") -> list[Any]:
        """The products with tangents in the order of `columns`, in the order of `rows`; flat lists, not nests."""
        linear = self._linear()
        graph, axes = linear.graph, axes_of(batch)
        seeds = {}
        for vertex, column, tangent in zip(linear.inputs, self.columns, tangents, strict=True):
            name, labels = f"the tangent{column.path}", axes_of(column.shape)
            values = of_shape(operation, name, tangent, column.shape + batch)
            values = floating(values, graph.dtypes[vertex], operation, name)
            factor = Factor.on(values, labels + axes)
            seeds.setdefault(vertex, []).append(Term(labels, axes, (factor,)))
        results = push_several(graph, linear.inputs, linear.outputs, seeds)
        ends = zip(linear.outputs, results, strict=True)
        return [to_dense(terms, graph.shapes[vertex] + batch, graph.dtypes[vertex]) for vertex, terms in ends]

    def pulled(self, cotangents: Sequence[Any], batch: Shape = (), operation: str = "vjp") -> list[Any]:
        """The products with cotangents in the order of `rows`, in the order of `columns`; flat lists, not nests."""
        linear = self._linear()
        graph, axes = linear.graph, axes_of(batch)
        seeds = []
        for vertex, row, cotangent in zip(linear.outputs, self.rows, cotangents, strict=True):
            name, dtype = f"the cotangent{row.path}", graph.dtypes[vertex]
            values = floating(of_shape(operation, name, cotangent, batch + row.shape), dtype, operation, name)
            seeds.append([cotangent_term(axes, axes_of(row.shape), values, dtype)])
        found = pull_several(graph, linear.inputs, linear.outputs, seeds)
        return [pulled_array(found[v], batch + graph.shapes[v], graph.dtypes[v]) for v in linear.inputs]

    # ----------------------------------------------------------------------------------------------------- results
    def to_array(self, memory_limit: int | str | None = None) -> Any:
        """The dense arrays of the blocks, each of shape out_shape + in_shape, nested as `blocks`."""
        self._check_fits("to_array()", memory_limit, self.dense_nbytes)
        return self._nested([[J.to_array(memory_limit) for J in row] for row in self.settled()])

    def to_matrix(self, memory_limit: int | str | None = None) -> Any:
        """The flat view as a dense matrix; `rows` and `columns` tell what its rows and columns are."""
        self._check_fits("to_matrix()", memory_limit, self.dense_nbytes)
        symmetric = self._bundle.symmetric and self._outputs == self._inputs
        return dense_view(self.rows, self.columns, self.settled(), self._entry_dtype, memory_limit, symmetric)

    _check_fits, _dense = check_fits, to_matrix

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("np.asarray(J): the dense matrix has to be made; copy=False cannot be satisfied.")
        return np.asarray(self.to_matrix(), dtype=dtype)

    def to_sparse(self, format: str = "csr") -> Any:
        """The flat view as a SciPy sparse array, straight from the terms.

        Parameters
        ----------
        format : "csr", "csc", "coo" or "bsr"
        """
        placed = placed_terms(self.rows, self.columns, self.settled())
        self._check_fits("to_sparse()", None, sparse_bytes(placed, self._entry_dtype))
        return sparse_matrix(placed, self.shape, self._entry_dtype, format)

    def to_linear_operator(self) -> LinearOperator:
        """The flat view as a SciPy LinearOperator."""
        from .operators import BlockOperator  # slow to import

        return BlockOperator(self)

    def __reduce__(self) -> Any:
        return BlockJacobian.of_blocks, ([J for row in self.settled() for J in row], self._out, self._inp)


def _bundle_of(blocks: Sequence[Jacobian], width: int) -> Bundle:
    """The bundle of these blocks, row by row."""
    rows = [blocks[start : start + width] for start in range(0, len(blocks), width)]
    inputs = [(J.in_shape, J.in_dtype) for J in rows[0]]
    outputs = [(row[0].out_shape, row[0].dtype) for row in rows]
    return of_terms(inputs, outputs, [[J.terms for J in row] for row in rows])


def _chained(outer: BlockJacobian, inner: BlockJacobian) -> Any:
    """``outer @ inner``, nothing computed."""
    right = inner._aligned("J @ K", "the result of K", outer._inp, outer.columns, "the argument of J")
    joined, mode = compose(outer._linear(), right._linear()), joint_mode(outer._mode, inner._mode)
    return BlockJacobian(joined, outer._out, inner._inp, mode, outer._limit)._narrowed()


def _as_blocks(J: Jacobian | BlockJacobian) -> BlockJacobian:
    """A Jacobian as one block."""
    if isinstance(J, BlockJacobian):
        return J
    linear = J._linear()
    bundle = Bundle(linear.graph, (linear.input,), (linear.output,), linear.joints, regions=linear.regions)
    return BlockJacobian(bundle, LEAF, LEAF, J._mode, J._limit)


def _leaves(tree: Tree, nest: Any, operation: str, name: str, like: str) -> list[Any]:
    """The arrays of a nest of vectors, which must be nested as one side of the Jacobian."""
    return [as_value(leaf) for leaf in tree.match(nest, operation, name, like)]
