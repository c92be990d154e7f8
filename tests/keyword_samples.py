"""A call of every differentiable array function of NumPy, and values of every parameter that one of them has.

- `CALLS`: positional arguments by name; the arrays of floating numbers among them are differentiated.
- `VALUES`: what each parameter is set to, by its name; `OWN` holds those that one function takes in another way.
- `cases(name, function)`: the calls of a function, each with one parameter set, and the name of that parameter.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
from table import sample

__all__ = ["CALLS", "MAKERS", "OWN", "VALUES", "WRITERS", "cases", "parameters"]

Arguments = tuple[Any, ...]


def at(*shape: int, seed: int = 0, low: float = 0.3, high: float = 0.9) -> np.ndarray:
    return sample(*shape, low=low, high=high, seed=seed)


_M, _C = at(3, 4), at(3, 4) > 0.6
_SQUARE = at(3, 3, low=-1, high=1) + 3 * np.eye(3)
_POSITIVE = _SQUARE @ _SQUARE.T
_BLOCKS = (at(6, 6) + 3 * np.eye(6)).reshape(2, 3, 6)

# fmt: off
_SHARED: dict[str, Arguments] = {
    "sum mean std var prod cumsum cumprod max min amax amin ptp average nansum nanmean nanstd nanvar nanprod nancumsum "
    "nancumprod nanmax nanmin median nanmedian sort flip diff gradient trapezoid copy ravel squeeze unwrap nan_to_num "
    "fliplr flipud rot90 tril triu atleast_1d atleast_2d atleast_3d diagflat sinc i0 real imag angle cov corrcoef "
    "fix round around real_if_close array asarray asanyarray ascontiguousarray asfortranarray require": (_M,),
    "dot inner vdot convolve correlate cross linalg.cross": (at(3), at(3, seed=9)),
    "outer kron linalg.outer meshgrid ix_ polyadd polysub polymul": (at(3), at(2)),
    "tensordot linalg.tensordot": (at(3, 3), at(3, 3, seed=5)),
    "linalg.matmul": (at(2, 3), at(3, 2)),
    "linalg.vecdot": (at(2, 3), at(2, 3, seed=4)),
    "trace linalg.trace diag": (at(3, 3),),
    "transpose matrix_transpose linalg.matrix_transpose linalg.diagonal diagonal": (at(2, 3, 4),),
    "linalg.multi_dot": ([at(2, 3), at(3, 2, seed=2), at(2, 2, seed=1)],),
    "cumulative_sum cumulative_prod ediff1d": (at(4),),
    "percentile nanpercentile": (_M, np.array(30.0)), "quantile nanquantile": (_M, np.array(0.3)),
    "swapaxes moveaxis": (at(2, 3, 4), 0, 2), "rollaxis": (at(2, 3, 4), 2), "roll expand_dims": (_M, 1),
    "concatenate stack vstack hstack dstack column_stack block": ([_M, at(3, 4, seed=8)],),
    "split array_split hsplit vsplit": (at(4, 4), 2), "dsplit": (at(2, 2, 4), 2), "unstack": (at(2, 3),),
    "tile repeat": (_M, 2), "append": (_M, at(3, 4, seed=5)), "pad partition": (_M, 1), "delete": (_M, 1),
    "linalg.det linalg.slogdet linalg.inv linalg.pinv linalg.svd linalg.svdvals linalg.qr linalg.norm linalg.cond "
    "linalg.matrix_norm linalg.vector_norm": (_SQUARE,),
    "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2 fft.fftn fft.ifftn "
    "fft.rfftn fft.irfftn": (_M,), "linalg.eig linalg.eigvals": (_SQUARE,), "roots": (at(3),),
    "linalg.cholesky linalg.eigvalsh linalg.eigh": (_POSITIVE,),
    "emath.arccos emath.arcsin emath.arctanh emath.log emath.log10 emath.log2 emath.sqrt vander": (at(3),),
    "poly polyder polyint": (at(3),), "emath.logn": (2.0, at(3)), "emath.power": (at(3), 2.0),
    "linspace logspace geomspace": (np.array(0.5), np.array(2.5)), "histogram histogram_bin_edges": (at(5), 3),
}
CALLS: dict[str, Arguments] = {name: call for names, call in _SHARED.items() for name in names.split()} | {
    "einsum": ("ij,jk->ik", at(2, 3), at(3, 2, seed=3)), "apply_over_axes": (np.sum, _M, 0),
    "apply_along_axis": (lambda v: v * v, 0, _M), "reshape": (_M, (2, 6)), "resize": (_M, (2, 5)),
    "broadcast_to": (at(3), (2, 3)), "broadcast_arrays": (at(3), at(2, 1)), "astype": (_M, np.float64),
    "insert": (_M, 1, np.array(0.5)), "lib.stride_tricks.sliding_window_view": (at(5), 2),
    "trim_zeros": (np.array([0.4, 0.3, 0.5]),), "where": (_C, _M, at(3, 4, seed=3)),
    "select": ([_C, ~_C], [_M, at(3, 4, seed=5)]), "choose": (np.array([0, 1, 0]), [at(3), at(3, seed=7)]),
    "piecewise": (at(4), [at(4) > 0.6], [lambda x: x * x, lambda x: x**3]),
    "compress": (np.array([True, False, True]), _M), "extract": (_C, _M), "take": (_M, [0, 2]),
    "take_along_axis": (_M, np.array([[0, 2, 1, 0]])), "clip": (_M, 0.41, 0.71),
    "interp": (at(3), np.array([0, 0.5, 1.1]), at(3, seed=4)), "fft.fftshift": (_M,), "fft.ifftshift": (_M,),
    "linalg.matrix_power": (_SQUARE, 3), "linalg.solve": (_SQUARE, at(3)), "linalg.lstsq": (at(4, 2), at(4)),
    "linalg.tensorinv": (_BLOCKS, 2), "linalg.tensorsolve": (_BLOCKS, at(2, 3)),
    "polyval": (at(3), at(2, seed=8)), "polydiv": (at(4), at(2) + 1), "polyfit": (at(5), at(5, seed=6), 2),
    "polynomial.polynomial.polyval2d": (at(3), at(3, seed=2), at(2, 3)),
    "polynomial.polynomial.polygrid2d": (at(3), at(2), at(2, 3)),
    "polynomial.polynomial.polyvalnd": ([at(3), at(3, seed=2)], at(2, 3)),
    "full_like": (np.zeros((3, 4)), np.array(0.7)), "full": ((2,), np.array(0.5)),
    "bincount": (np.array([0, 1, 1]), at(3)),
}
# Functions that write: a copy of the first argument is written into, and is the result.
WRITERS: dict[str, Arguments] = {
    "fill_diagonal": (at(3, 3), at(3, seed=2)), "put": (_M, [0, 5], at(2)), "copyto": (_M, at(4, seed=2)),
    "place": (_M, _C, at(2)), "putmask": (_M, _C, at(12, seed=3)),
    "put_along_axis": (_M, np.array([[0, 2, 1, 0]]), at(4, seed=2)),
}
# They make plain arrays of numbers, of files or of text: there is nothing to differentiate.
MAKERS = (
    *("arange", "empty", "eye", "frombuffer", "fromfile", "fromfunction", "fromiter", "fromstring", "genfromtxt"),
    *("identity", "loadtxt", "ones", "tri", "zeros"),
)

VALUES: dict[str, list[Any]] = {
    "axis": [0, -1, 1, None, (0, 1), (1, 0), (-1,), (), np.int64(0)], "axes": [None, 1, 0, [0, 1], (1, 0, 2)],
    "axis1": [0, 1], "axis2": [0, 1], "offset": [1, -1], "k": [1, -1, 2], "keepdims": [True, False],
    "dtype": [np.float32, float, int, complex, np.longdouble, object], "initial": [0.5, 2], "where": [_C, _C[0], True],
    "ddof": [1, 0, 0.5], "correction": [1, 0.5], "mean": [np.full((1, 1), 0.5)], "order": ["C", "F", "A", "K"],
    "casting": ["unsafe", "same_kind", "safe", "no", "equiv"], "subok": [True, False], "device": ["cpu"],
    "weights": [at(3, 4, seed=7), at(4, seed=7), at(3, seed=7)], "rcond": [None, 1e-3], "rtol": [None, 1e-3],
    "method": ["linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull", "median_unbiased"],
    "interpolation": ["linear", "lower"], "overwrite_input": [True, False], "returned": [True, False],
    "full_matrices": [True, False], "compute_uv": [True, False], "hermitian": [True, False], "upper": [True, False],
    "mode": ["reduced", "r", "complete", "raw", "full", "same", "valid", "wrap", "clip", "raise", "constant", "edge",
             "reflect", "symmetric", "linear_ramp", "maximum", "mean", "median", "minimum"],
    "ndmin": [0, 1, 3], "ndmax": [2, 4], "copy": [True, False, None], "UPLO": ["L", "U", "l"],
    "ord": [None, "fro", "nuc", 1, -1, 2, -2, 3, 2.5, np.inf, -np.inf, 0],
    "p": [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf], "n": [0, 1, 2, 3], "m": [0, 1, 2],
    "prepend": [0.5, np.full((3, 1), 0.5)], "append": [0.5], "to_end": [0.5, [0.1, 0.2]], "to_begin": [0.5],
    "edge_order": [1, 2], "dx": [0.5], "bias": [True, False], "rowvar": [True, False], "y": [at(2, 4)],
    "fweights": [np.array([1, 2, 1, 3])], "aweights": [at(4)], "include_initial": [True, False],
    "kind": ["quicksort", "stable"], "stable": [True, False], "decimals": [1], "discont": [1.0],
    "period": [1.5, 2 * np.pi], "left": [0.5], "right": [0.2], "nan": [1.0], "posinf": [2.0], "neginf": [1.0],
    "indexing": ["ij", "xy"], "sparse": [True, False], "optimize": [True, False, "greedy", "optimal"],
    "num": [4, 0, 1], "endpoint": [True, False], "retstep": [True, False], "base": [2.0, np.array(2.0)],
    "increasing": [True, False], "N": [2, 4], "cov": [True, "unscaled"], "full": [True], "w": [at(5)],
    "density": [True, False], "range": [None, (0, 1)], "bins": [4, [0.2, 0.5, 0.95]], "minlength": [6],
    "trim": ["f", "b", "fb"], "shift": [1, -2, (1, 2)], "axisa": [0, -1], "axisb": [0], "axisc": [0],
    "like": [None, np.zeros(2)], "strict": [True, False], "shape": [None], "min": [0.4], "max": [0.7],
    "default": [0.5], "tol": [None, 100], "writeable": [True, False], "ndim": [2], "x": [None, at(4)],
    "norm": [None, "ortho", "forward", "backward"], "s": [None, (2, 3), (4, 5)],
    "dtypes": [None], "start": [0, 1], "requirements": [None, "C"], "wrap": [True, False], "signature": [None],
    "reps": [2, (2, 1)], "repeats": [2], "shifts": [1], "v": [0.5], "N_": [2], "bin_edges": [None],
}
OWN: dict[tuple[str, str], list[Any]] = {
    ("einsum", "dtype"): [float, np.longdouble], ("polyint", "k"): [None, 0.5], ("roll", "shift"): [1, -2],
    ("array", "copy"): [True, None], ("insert", "axis"): [None, 0, -1], ("full_like", "shape"): [None, (2, 2)],
}
# fmt: on


def parameters(function: Any) -> list[inspect.Parameter]:
    """What a function can be told by name; none where it tells no signature."""
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    return [p for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def cases(name: str, function: Any) -> Iterator[tuple[str, Arguments, dict[str, Any]]]:
    """The parameter that is set (or an empty text), the arguments, and the keywords."""
    args = CALLS[name]
    yield "", args, {}
    for parameter in parameters(function)[len(args) :]:
        for value in OWN.get((name, parameter.name), VALUES.get(parameter.name, [])):
            yield parameter.name, args, {parameter.name: value}
