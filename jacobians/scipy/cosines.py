"""Cosine and sine transforms of `scipy.fft`: operators along an axis, applied by the transform itself.

The transposed matrix is that of the dual type (3 of 2, 2 of 3), but for the weight of the entry that is counted half:
the first for cosines, the last for sines, both ends for cosines of the first type. Orthogonalized transforms have no
such entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.fft as original

from ..labels import axes_of
from ..registry import Call, LocalTerm
from ..rules.sparse import operator_factors
from ..terms import Term, WithoutArrays
from .standing import follows, ruled

__all__ = ["dct", "dctn", "dst", "dstn", "idct", "idctn", "idst", "idstn"]

Function = Callable[..., Any]
_DUAL = {1: 1, 2: 3, 3: 2, 4: 4}
_OTHER_NORM: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
# Which entries are counted half: by the transform and its type, of what goes in or of what comes out of the dual one.
_ENTRIES: dict[tuple[str, int], tuple[int, ...]] = {
    ("dct", 1): (0, -1),
    ("dct", 2): (0,),
    ("dct", 3): (0,),
    ("dst", 2): (-1,),
    ("dst", 3): (-1,),
}


class TrigonometricTransform(WithoutArrays):
    """A cosine or sine transform along axis 0.

    Parameters
    ----------
    name : "dct" or "dst"
    type : int
    norm : None, "backward", "ortho" or "forward"
    orthogonalize : bool
    dtype : dtype
    """

    nbytes = 0

    def __init__(self, name: str, type: int, norm: Any, orthogonalize: bool, dtype: np.dtype) -> None:
        self.name, self.type, self.norm, self.orthogonalize, self.dtype = name, type, norm, orthogonalize, dtype

    def apply(self, array: Any) -> Any:
        """The transform."""
        return self._transformed(array, self.type)

    def apply_transposed(self, array: Any) -> Any:
        """The transform with the transposed matrix."""
        before, after = {1: (2.0, 0.5), 2: (2.0, 1.0), 3: (1.0, 0.5), 4: (1.0, 1.0)}[self.type]
        found = self._transformed(self._weighted(array, before), _DUAL[self.type])
        return self._weighted(found, after)

    def _transformed(self, array: Any, type: int) -> Any:
        function = _FUNCTIONS[self.name]
        return function(array, type, None, 0, self.norm, orthogonalize=self.orthogonalize)

    def _weighted(self, array: Any, weight: float) -> Any:
        entries = _ENTRIES.get((self.name, self.type), ())
        if weight == 1 or self.orthogonalize or not entries:
            return array
        weights = np.ones(np.shape(array)[0], self.dtype)
        weights[list(entries)] = weight
        return array * np.reshape(weights, (-1,) + (1,) * (np.ndim(array) - 1))


def _rule(name: str) -> Function:
    def rule(
        call: Call,
        x: Any,
        type: int = 2,
        n: None = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        orthogonalize: bool | None = None,
    ) -> Iterator[LocalTerm]:
        orthogonal = norm == "ortho" if orthogonalize is None else orthogonalize
        real = np.finfo(call.result.dtype).dtype
        operation = TrigonometricTransform(name, type, norm, orthogonal, real)
        inp, out = list(axes_of(np.shape(x))), list(axes_of(np.shape(x)))
        axis = axis % len(inp)
        out = [out[k] if k == axis else inp[k] for k in range(len(inp))]
        factors, ones = operator_factors(operation, out[axis], inp[axis], name)
        yield 0, 0, Term(tuple(out), tuple(inp), factors, bound=ones)

    rule.__module__ = "jacobians.scipy.fft"
    return ruled(getattr(original, name))(rule)


_FUNCTIONS = {name: _rule(name) for name in ("dct", "dst")}


def _resized(x: Any, size: int | None, axis: int) -> Any:
    """The first entries along an axis, zeros behind them where there are too few."""
    count = np.shape(x)[axis]
    if size is None or size == count:
        return x
    if size < count:
        return x[(*[slice(None)] * (axis % np.ndim(x)), slice(size))]
    widths = [(0, size - count if k == axis % np.ndim(x) else 0) for k in range(np.ndim(x))]
    return np.pad(x, widths)


def _floating(x: Any) -> Any:
    return np.asarray(x, float) if not hasattr(x, "dtype") else x if x.dtype.kind in "fc" else np.astype(x, float)


def _transform(name: str, x: Any, type: int, axis: int, norm: Any, orthogonalize: bool | None, inverse: bool) -> Any:
    orthogonal = norm == "ortho" if orthogonalize is None else orthogonalize
    if inverse:
        type, norm = _DUAL[type], _OTHER_NORM[norm]
    return _FUNCTIONS[name](x, type, None, axis, norm, orthogonalize=orthogonal)


def _along_one(name: str, inverse: bool = False) -> Function:
    def definition(
        x: Any,
        type: int = 2,
        n: int | None = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        orthogonalize: bool | None = None,
    ) -> Any:
        return _transform(name, _resized(_floating(x), n, axis), type, axis, norm, orthogonalize, inverse)

    definition.__module__ = "jacobians.scipy.fft"
    return follows(getattr(original, f"i{name}" if inverse else name))(definition)


def _along_several(name: str, inverse: bool = False) -> Function:
    def definition(
        x: Any,
        type: int = 2,
        s: int | Sequence[int] | None = None,
        axes: int | Sequence[int] | None = None,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        orthogonalize: bool | None = None,
    ) -> Any:
        x = _floating(x)
        sizes = s if s is None or isinstance(s, Sequence) else [s]
        if axes is None:
            axes = range(-len(sizes), 0) if sizes is not None else range(np.ndim(x))
        elif not isinstance(axes, Sequence):
            axes = [axes]
        for k, axis in enumerate(axes):
            x = _resized(x, None if sizes is None else sizes[k], axis)
            x = _transform(name, x, type, axis, norm, orthogonalize, inverse)
        return x

    definition.__module__ = "jacobians.scipy.fft"
    return follows(getattr(original, f"i{name}n" if inverse else f"{name}n"))(definition)


# fmt: off
dct,  idct  = _along_one("dct"),     _along_one("dct", inverse=True)
dst,  idst  = _along_one("dst"),     _along_one("dst", inverse=True)
dctn, idctn = _along_several("dct"), _along_several("dct", inverse=True)
dstn, idstn = _along_several("dst"), _along_several("dst", inverse=True)
# fmt: on
