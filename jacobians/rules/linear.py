"""Products of arrays: functions that are linear in each operand.

Such a function is stated by labels: one axis per array axis for each operand and for the result. Its derivative in an
operand is the product of the others, with the labels that the result lacks summed. Batch axes are shared labels: a
batched product has a block-diagonal Jacobian, and nothing is stored for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..labels import Axes, Axis, axes_of, flatten
from ..partials import product_partials
from ..registry import (
    Call,
    LocalTerm,
    Operand,
    broadcast_axes,
    composed,
    factor_on,
    local,
    multilinear,
    nondifferentiable,
    product_terms,
)
from ..steps import Steps, product_steps
from ..terms import CONJUGATE, Affine, Map, Term, acting
from . import computing
from .conjugates import conjugate, is_complex, on_conjugate
from .structural import structural
from .subscripts import subscripts

Labelled = tuple[list[Axes], Axes]
LocalTerms = Iterable[LocalTerm]


# ---- generalized ufuncs: core axes and broadcast batch axes ----------------------------------------------------------

# fmt: off
MATMUL = (("n", "k"), ("k", "m"), ("n", "m"))
VECDOT = (("k",),     ("k",),     ())
MATVEC = (("n", "k"), ("k",),     ("n",))
VECMAT = (("k",),     ("k", "m"), ("m",))
# fmt: on


def core_axes(
    cores: Sequence[tuple[str, ...]],
    x1: Any,
    x2: Any,
    axis: Any = None,
    axes: Any = None,
    keepdims: bool = False,
    **_: Any,
) -> Labelled:
    """The axes of a generalized ufunc of two operands, with its keywords `axis`, `axes` and `keepdims`."""
    shapes = np.shape(x1), np.shape(x2)
    return _core_axes(tuple(cores), shapes, axis, _as_tuples(axes), keepdims)


def _as_tuples(axes: Any) -> Any:
    return tuple([_as_tuples(entry) for entry in axes]) if isinstance(axes, (list, tuple)) else axes


@lru_cache(maxsize=4096)
def _core_axes(
    cores: tuple[tuple[str, ...], ...], shapes: tuple[tuple[int, ...], ...], axis: Any, axes: Any, keepdims: bool
) -> Labelled:
    if cores == MATMUL:
        cores = _vector_cores(len(shapes[0]), len(shapes[1]))
    *cores_in, core_out = cores
    if keepdims:
        core_out = ("1",) * len(cores_in[0])
    places = _core_places([*cores_in, core_out], axis, axes)

    named: dict[str, Axis] = {"1": ()}
    batches: list[tuple[int, ...]] = []
    for shape, core, place in zip(shapes, cores_in, places, strict=False):
        at = [p % len(shape) for p in place]
        named.update({name: axes_of((shape[p],))[0] for name, p in zip(core, at, strict=True) if name not in named})
        batches.append(tuple([size for n, size in enumerate(shape) if n not in at]))
    batch = axes_of(np.broadcast_shapes(*batches))
    operands = [
        _interleave(broadcast_axes(batch, rest), [named[name] for name in core], place)
        for rest, core, place in zip(batches, cores_in, places, strict=False)
    ]
    return operands, _interleave(batch, [named[name] for name in core_out], places[-1])


def _vector_cores(ndim1: int, ndim2: int) -> tuple[tuple[str, ...], ...]:
    """A vector has no row axis on the left of `matmul`, and no column axis on its right."""
    rows, columns = ("n",) * (ndim1 > 1), ("m",) * (ndim2 > 1)
    return (*rows, "k"), ("k", *columns), rows + columns


def _core_places(cores: Sequence[Sequence[str]], axis: Any, axes: Any) -> list[tuple[int, ...]]:
    """Where the core axes of each operand and of the result are: by default the last ones."""
    if axis is not None:
        return [(axis,) if core else () for core in cores]
    places = [tuple(range(-len(core), 0)) for core in cores]
    for n, given in enumerate(axes or ()):
        places[n] = (given,) if isinstance(given, (int, np.integer)) else tuple(given)
    return places


def _interleave(batch: Axes, core: Sequence[Axis], places: Sequence[int]) -> Axes:
    """Put the core axes at their places and the batch axes around them."""
    ndim = len(batch) + len(core)
    at = {place % ndim: axis for place, axis in zip(places, core, strict=True)}
    rest = iter(batch)
    return tuple([at[n] if n in at else next(rest) for n in range(ndim)])


def _conjugated(cores: Any, call: Call, x1: Any, x2: Any, **kwargs: Any) -> LocalTerms:
    """`vecdot` and `vecmat` conjugate their first operand."""
    (first, second), out = core_axes(cores, x1, x2, **kwargs)
    return _of_conjugate(0, x1, product_terms(call, [Operand(0, conjugate(x1), first), Operand(1, x2, second)], out))


def _of_conjugate(place: int, operand: Any, terms: LocalTerms) -> LocalTerms:
    """The terms of a function that conjugates the operand at a place."""
    if not is_complex(operand):
        return terms
    turned = [(n, path, acting(term, CONJUGATE) if path == place else term) for n, path, term in terms]  # type: ignore[arg-type]
    return iter(turned)


# fmt: off
multilinear(np.matmul,        partial(core_axes, MATMUL))
multilinear(np.linalg.matmul, partial(core_axes, MATMUL))
multilinear(np.matvec,        partial(core_axes, MATVEC))
local(np.vecdot)(             partial(_conjugated, VECDOT))
local(np.linalg.vecdot)(      partial(_conjugated, VECDOT))
local(np.vecmat)(             partial(_conjugated, VECMAT))
# fmt: on


# ---- dot and its relatives -------------------------------------------------------------------------------------------


def _dot(a: Any, b: Any, **_: Any) -> Labelled:
    """The last axis of `a` against the last but one of `b`; a scalar multiplies."""
    return _contracted(a, b, (np.ndim(a) - 1,), (max(np.ndim(b) - 2, 0),) if np.ndim(a) and np.ndim(b) else None)


def _inner(a: Any, b: Any) -> Labelled:
    return _contracted(a, b, (np.ndim(a) - 1,), (np.ndim(b) - 1,) if np.ndim(a) and np.ndim(b) else None)


def _tensordot(a: Any, b: Any, *, axes: Any = 2) -> Labelled:
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
    else:
        left, right = ((side,) if np.ndim(side) == 0 else tuple(side) for side in axes)
    return _contracted(a, b, left, right)


def _contracted(a: Any, b: Any, left: tuple[int, ...], right: tuple[int, ...] | None) -> Labelled:
    """Sum axes `left` of `a` against axes `right` of `b`; without `right` nothing is summed."""
    return _contracted_axes(np.shape(a), np.shape(b), left, right)


@lru_cache(maxsize=4096)
def _contracted_axes(
    shape1: tuple[int, ...], shape2: tuple[int, ...], left: tuple[int, ...], right: tuple[int, ...] | None
) -> Labelled:
    first, second = axes_of(shape1), list(axes_of(shape2))
    if right is None:
        return [first, tuple(second)], first + tuple(second)
    left, right = tuple([n % len(first) for n in left]), tuple([n % len(second) for n in right])
    for p, q in zip(left, right, strict=True):
        second[q] = first[p]
    rest1 = tuple([axis for n, axis in enumerate(first) if n not in left])
    rest2 = tuple([axis for n, axis in enumerate(second) if n not in right])
    return [first, tuple(second)], rest1 + rest2


def _outer(a: Any, b: Any, **_: Any) -> Labelled:
    """Both operands are raveled: an axis of the result is the group of all labels of one operand."""
    first, second = axes_of(np.shape(a)), axes_of(np.shape(b))
    return [first, second], (flatten(first), flatten(second))


def _kron(a: Any, b: Any) -> Labelled:
    """Each axis of the result is the group of an axis of `a` and one of `b`, aligned to the right."""
    first, second = axes_of(np.shape(a)), axes_of(np.shape(b))
    ndim = max(len(first), len(second))
    pad1, pad2 = ((),) * (ndim - len(first)) + first, ((),) * (ndim - len(second)) + second
    return [first, second], tuple([p + q for p, q in zip(pad1, pad2, strict=True)])


# fmt: off
multilinear(np.dot,              _dot)
multilinear(np.inner,            _inner)
multilinear(np.outer,            _outer)
multilinear(np.linalg.outer,     _outer)
multilinear(np.tensordot,        lambda a, b, axes=2: _tensordot(a, b, axes=axes))
multilinear(np.linalg.tensordot, _tensordot)
multilinear(np.kron,             _kron)
# fmt: on


@local(np.vdot)
def _vdot(call: Call, a: Any, b: Any) -> LocalTerms:
    # The operands are raveled, (2, 3) may meet (3, 2): each partial is the other operand in the shape of this one.
    for position, array, other in ((0, a, b), (1, b, conjugate(a))):
        if call.needs(position):
            inp = axes_of(np.shape(array))
            term = Term((), inp, (factor_on(np.reshape(other, np.shape(array)), inp, call.result.dtype),))
            yield 0, position, on_conjugate(term, a) if position == 0 else term


@local(np.linalg.multi_dot)
def _multi_dot(call: Call, arrays: Sequence[Any], **_: Any) -> LocalTerms:
    """A chain of matrices, perhaps with a vector at an end: neighbours share a label."""
    axes = [list(axes_of(np.shape(array))) for array in arrays]
    for left, right in pairwise(axes):
        right[0] = left[-1]
    out = tuple(axes[0][:-1] + axes[-1][1:])
    operands = [Operand((0, n), array, tuple(group)) for n, (array, group) in enumerate(zip(arrays, axes, strict=True))]
    return product_terms(call, operands, out)


def _matrix_power(a: Any, n: int) -> Any:
    """Repeated squaring; a negative power is a power of the inverse."""
    if n == 0:
        return np.zeros_like(a) + np.eye(np.shape(a)[-1], dtype=a.dtype)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    result: Any = None
    square = a
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = square if result is None else np.matmul(result, square)
        if not n:
            return np.copy(result) if result is a else result
        square = np.matmul(square, square)


composed(np.linalg.matrix_power, _matrix_power)


# ---- einsum ----------------------------------------------------------------------------------------------------------


def _steps_of(operands: Sequence[Operand], out: Axes, call: Call, constants: Sequence[Any] = ()) -> Steps | None:
    """The steps of a product, of which the last operands are constants."""
    positions, arrays, axes = zip(*operands, strict=True)
    shapes = tuple([np.shape(array) for array in arrays])
    return product_steps(product_partials(positions, axes, shapes, out, tuple(call.needed)), positions, constants)


def _einsum_steps(call: Call, args: tuple[Any, ...], _: dict[str, Any]) -> Steps | None:
    return _steps_of(*subscripts(*args), call)


@local(np.einsum, compute=computing.einsum, steps=_einsum_steps)
def _einsum(call: Call, *args: Any, **_: Any) -> LocalTerms:
    operands, out = subscripts(*args)
    return product_terms(call, operands, out)


nondifferentiable(np.einsum_path)


# ---- cross, trace ----------------------------------------------------------------------------------------------------

_LEVI_CIVITA = np.zeros((3, 3, 3))
_LEVI_CIVITA[[0, 1, 2], [1, 2, 0], [2, 0, 1]] = 1.0
_LEVI_CIVITA[[0, 1, 2], [2, 0, 1], [1, 2, 0]] = -1.0


def _cross_operands(
    call: Call, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> tuple[list[Operand], Axes]:
    # y_i = sum over j, k of e_ijk a_j b_k; a vector of two components has a third that is zero.
    if axis is not None:
        axisa = axisb = axisc = axis
    shapes, places = [np.shape(a), np.shape(b)], [axisa % np.ndim(a), axisb % np.ndim(b)]
    sizes = [shape[place] for shape, place in zip(shapes, places, strict=True)]
    batches = [shape[:place] + shape[place + 1 :] for shape, place in zip(shapes, places, strict=True)]
    batch = axes_of(np.broadcast_shapes(*batches))
    i, j, k = axes_of((3, *sizes))
    on_a, on_b = (
        _interleave(broadcast_axes(batch, rest), [core], [place])
        for rest, core, place in zip(batches, (j, k), places, strict=True)
    )
    planar = sizes == [2, 2]
    out = batch if planar else _interleave(batch, [i], [axisc])
    signs = _LEVI_CIVITA[:, : sizes[0], : sizes[1]].astype(call.result.dtype)
    tensor = Operand(None, signs[2], (j, k)) if planar else Operand(None, signs, (i, j, k))
    return [Operand(0, a, on_a), Operand(1, b, on_b), tensor], out


def _cross_steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
    operands, out = _cross_operands(call, *args, **kwargs)
    return _steps_of(operands, out, call, [operands[-1].array])


@local(np.cross, steps=_cross_steps)
def _cross(call: Call, *args: Any, **kwargs: Any) -> LocalTerms:
    return product_terms(call, *_cross_operands(call, *args, **kwargs))


composed(np.linalg.cross, lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis))


@local(np.trace)
@structural
def _trace(
    call: Call, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, **_: Any
) -> LocalTerms:
    inp, ndim = list(axes_of(np.shape(a))), np.ndim(a)
    row, column = axis1 % ndim, axis2 % ndim
    out = tuple([axis for n, axis in enumerate(inp) if n not in (row, column)])
    rows, columns = np.shape(a)[row], np.shape(a)[column]
    if offset == 0 and rows == columns:
        inp[column] = inp[row]
        yield 0, 0, Term(out, tuple(inp))
        return
    above, below = max(offset, 0), max(-offset, 0)
    along = axes_of((max(min(rows - below, columns - above), 0),))[0]
    maps = [Map(inp[n], along, Affine(start, 1)) for n, start in ((row, below), (column, above)) if inp[n]]
    yield 0, 0, Term(out, tuple(inp), maps=tuple(maps), bound=along)


composed(np.linalg.trace, lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype))
composed(np.linalg.diagonal, lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1))


# ---- convolve, correlate ---------------------------------------------------------------------------------------------


@local(np.convolve)
def _convolve(call: Call, a: Any, v: Any, mode: Any = "full") -> LocalTerms:
    small = min(np.size(a), np.size(v))
    first = {"f": 0, "s": (small - 1) // 2, "v": small - 1}[_letter(mode)]
    return _shifted_product(call, a, v, first)


@local(np.correlate)
def _correlate(call: Call, a: Any, v: Any, mode: Any = "valid") -> LocalTerms:
    # The convolution with v reversed; for a shorter `a` NumPy reverses the result, and "same" is centred the other way.
    small = min(np.size(a), np.size(v))
    middle = small // 2 if np.size(a) < np.size(v) else (small - 1) // 2
    first = {"f": 0, "s": middle, "v": small - 1}[_letter(mode)]
    return _of_conjugate(1, v, _shifted_product(call, a, conjugate(v), first, turned=True))


def _letter(mode: Any) -> str:
    return "vsf"[mode] if isinstance(mode, (int, np.integer)) else mode[0]


def _shifted_product(call: Call, a: Any, v: Any, first: int, *, turned: bool = False) -> LocalTerms:
    """``y[n] = sum of a[m] v[j] over m + j == first + n``, or with v from its end: a map joins the three positions.

    Where any two of the positions always have a third, the pairs need no label of their own.
    """
    axes_a, axes_v, out = axes_of(np.shape(a)), axes_of(np.shape(v)), axes_of(np.shape(call.result))
    m, j, n = flatten(axes_a), flatten(axes_v), flatten(out)
    rows, size, count = np.size(a), np.size(v), np.size(call.result)
    up, start = (-1, size - 1) if turned else (1, 0)  # j stands for start + up * j
    pairs: Axis = ()
    if count == rows + size - 1:
        maps = [Map.sliding(n, m, j, start, 1, up)]
    elif first == size - 1 and count == rows - size + 1:
        maps = [Map.sliding(m, n, j, first - start, 1, -up)]
    elif first == rows - 1 and count == size - rows + 1:
        maps = [Map.sliding(j, n, m, start + up * first, up, -up)]
    else:
        third = np.add.outer(np.arange(rows) - first + start, up * np.arange(size))
        left, right = np.nonzero((third >= 0) & (third < count))
        pairs = axes_of((left.size,))[0]
        maps = [Map.of(n, pairs, third[left, right]), Map.of(m, pairs, left), Map.of(j, pairs, right)]
    kept = tuple([relation for relation in maps if relation.dst])
    for position, inp, other, labels in ((0, axes_a, v, j), (1, axes_v, a, m)):
        if call.needs(position):
            factor = factor_on(np.reshape(other, (-1,)), (labels,), call.result.dtype)
            yield 0, position, Term(out, inp, (factor,), kept, bound=labels + pairs)
