"""The module `np.fft`: transforms are operators, one for each axis, that are applied by the transform itself.

A transform is linear, so its derivative is the transform of the tangent. Its matrix is symmetric; transposed it cuts or
pads after the transform, not before. Of a complex spectrum `irfft` is a real part, ``Re(B h)``; of a real signal `rfft`
is the first half of `fft`. Axes that are transformed one after the other have one operator each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.fft as fft

from ..errors import UnsupportedFunctionError
from ..labels import Axis, axes_of, size_of
from ..registry import Call, LocalTerm, complex_too, composed, function_name, gather, local
from ..terms import REAL, Factor, OperatorFactor, Term, WithoutArrays, acting

__all__: list[str] = []

_INVERSE = {fft.fft: fft.ifft, fft.ifft: fft.fft}
_OTHER_NORM: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


class Transform(WithoutArrays):
    """The discrete Fourier transform, or its inverse, of `size` entries that are padded or cut to `count`.

    Parameters
    ----------
    function : callable
        ``np.fft.fft`` or ``np.fft.ifft``.
    size, count : int
    norm : None, "backward", "ortho" or "forward"
    dtype : dtype
    """

    nbytes = 0

    def __init__(self, function: Callable[..., Any], size: int, count: int, norm: Any, dtype: np.dtype) -> None:
        self.function, self.size, self.count, self.norm, self.dtype = function, size, count, norm, dtype

    @property
    def conjugated(self) -> Transform:
        """The transform with the conjugate matrix: the inverse one, scaled as this."""
        return Transform(_INVERSE[self.function], self.size, self.count, _OTHER_NORM[self.norm], self.dtype)

    def apply(self, array: Any) -> Any:
        """The transform along axis 0."""
        return self.function(array, self.count, 0, self.norm)

    def apply_transposed(self, array: Any) -> Any:
        """The same transform, and then the entries that were there before."""
        return _resized(self.function(array, self.count, 0, self.norm), self.size)


class HalfTransform(WithoutArrays):
    """`rfft`: the first half of the transform of `size` entries that are padded or cut to `count`."""

    nbytes = 0

    def __init__(self, size: int, count: int, norm: Any, dtype: np.dtype) -> None:
        self.size, self.count, self.norm, self.dtype = size, count, norm, dtype

    def apply(self, array: Any) -> Any:
        """The first half of the transform along axis 0; of a real array it is `rfft`."""
        if array.dtype.kind != "c":
            return fft.rfft(array, self.count, 0, self.norm)
        return fft.fft(array, self.count, 0, self.norm)[: self.count // 2 + 1]

    def apply_transposed(self, array: Any) -> Any:
        """The transform of the half, the other half being zero."""
        return _resized(fft.fft(array, self.count, 0, self.norm), self.size)

    def materialise(self) -> np.ndarray:
        """The matrix."""
        return self.apply(np.eye(self.size, dtype=np.finfo(self.dtype).dtype))


class WholeOfHalf(WithoutArrays):
    """`irfft`, whose real part is meant: entries between the ends of the half stand for two that are conjugates."""

    nbytes = 0

    def __init__(self, size: int, count: int, norm: Any, dtype: np.dtype) -> None:
        self.size, self.count, self.norm, self.dtype = size, count, norm, dtype
        weights = np.full(count // 2 + 1, 2, np.finfo(dtype).dtype)
        weights[0] = 1
        if count % 2 == 0:
            weights[-1] = 1
        self.weights = weights

    def _weighted(self, array: Any) -> Any:
        return array * np.reshape(self.weights, (-1,) + (1,) * (array.ndim - 1))

    def apply(self, array: Any) -> Any:
        """The inverse transform along axis 0 of the weighted half."""
        return fft.ifft(self._weighted(_resized(array, self.count // 2 + 1)), self.count, 0, self.norm)

    def apply_transposed(self, array: Any) -> Any:
        """The first half of the inverse transform, weighted."""
        if array.dtype.kind != "c":
            half = fft.ihfft(array, self.count, 0, self.norm)
        else:
            half = fft.ifft(array, self.count, 0, self.norm)[: self.count // 2 + 1]
        return _resized(self._weighted(half), self.size)


def _resized(array: Any, size: int) -> Any:
    """The first entries along axis 0, zeros behind them where there are too few."""
    count = array.shape[0]
    if size == count:
        return array
    if size < count:
        return array[:size]
    return np.concatenate([array, np.zeros((size - count, *array.shape[1:]), array.dtype)])


def _factor(operation: Any, out: Axis, inp: Axis, name: str) -> Factor | OperatorFactor:
    """The factor of an operation along an axis; a matrix where that has one row or one column."""
    if out and inp:
        return OperatorFactor(operation, out, inp, name)
    matrix = operation.apply(np.eye(size_of(inp), dtype=operation.dtype))
    return Factor.on(matrix, (out, inp))


def _term(call: Call, a: Any, steps: Sequence[tuple[int, str, int]], norm: Any) -> Iterator[LocalTerm]:
    """The term of transforms along some axes: for each its axis, its name and the length of the transform."""
    inp, out = list(axes_of(np.shape(a))), list(axes_of(call.result.shape))
    changed = {axis for axis, _, _ in steps}
    dtype = np.result_type(call.result.dtype, np.complex64)
    for axis in range(len(inp)):
        if axis not in changed:
            out[axis] = inp[axis]
    factors = []
    for axis, name, count in steps:
        size = np.shape(a)[axis]
        operation: Any
        if name == "rfft":
            operation = HalfTransform(size, count, norm, dtype)
        elif name == "irfft":
            operation = WholeOfHalf(size, count, norm, dtype)
        else:
            operation = Transform(fft.fft if name == "fft" else fft.ifft, size, count, norm, dtype)
        factors.append(_factor(operation, out[axis], inp[axis], name))
    term = Term(tuple(out), tuple(inp), tuple(factors))
    yield 0, 0, term if call.result.dtype.kind == "c" else acting(term, REAL)


def _along_one(function: Any) -> None:
    """State a transform along one axis."""
    name = function.__name__

    @local(function)
    def _(
        call: Call, a: Any, n: int | None = None, axis: int = -1, norm: Any = None, out: None = None
    ) -> Iterator[LocalTerm]:
        axis = axis % np.ndim(a)
        count = n
        if count is None:
            count = 2 * (np.shape(a)[axis] - 1) if name == "irfft" else np.shape(a)[axis]
        return _term(call, a, [(axis, name, count)], norm)


def _along_several(function: Any, name: str, first: str) -> None:
    """State a transform along several axes: `name` along the last of them, `first` along the others."""
    planar = function.__name__.endswith("2")

    @local(function)
    def _(
        call: Call,
        a: Any,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = (-2, -1) if planar else None,
        norm: Any = None,
        out: None = None,
    ) -> Iterator[LocalTerm]:
        shape, ndim = np.shape(a), np.ndim(a)
        if axes is None:
            axes = range(ndim) if s is None else range(-len(s), 0)
        places = [axis % ndim for axis in axes]
        if len(set(places)) < len(places):
            raise UnsupportedFunctionError(function_name(function), "for an axis that is transformed twice")
        steps = []
        for n, axis in enumerate(places):
            last = n == len(places) - 1
            given = None if s is None or s[n] is None or s[n] == -1 else int(s[n])
            kind = name if last else first
            count = given
            if count is None:
                count = 2 * (shape[axis] - 1) if kind == "irfft" and s is None else shape[axis]
            steps.append((axis, kind, count))
        return _term(call, a, steps, norm)


for _function in (fft.fft, fft.ifft, fft.rfft, fft.irfft):
    _along_one(_function)

# fmt: off
_along_several(fft.fft2,   "fft",   "fft")
_along_several(fft.fftn,   "fft",   "fft")
_along_several(fft.ifft2,  "ifft",  "ifft")
_along_several(fft.ifftn,  "ifft",  "ifft")
_along_several(fft.rfft2,  "rfft",  "fft")
_along_several(fft.rfftn,  "rfft",  "fft")
_along_several(fft.irfft2, "irfft", "ifft")
_along_several(fft.irfftn, "irfft", "ifft")
# fmt: on


def _hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    return fft.irfft(np.conjugate(a), n, axis, _OTHER_NORM[norm])


def _ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    return np.conjugate(fft.rfft(a, n, axis, _OTHER_NORM[norm]))


composed(fft.hfft, _hfft)
composed(fft.ihfft, _ihfft)
gather(fft.fftshift, separable=True)
gather(fft.ifftshift, separable=True)

complex_too(fft.fft, fft.ifft, fft.fft2, fft.ifft2, fft.fftn, fft.ifftn)
complex_too(fft.rfft, fft.rfft2, fft.rfftn, fft.irfft, fft.irfft2, fft.irfftn, fft.hfft, fft.ihfft)
