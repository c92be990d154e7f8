"""Fourier transforms of `scipy.fft`, whose derivatives are those of the transforms of the same name in `np.fft`.

Cosine and sine transforms (`dct`, `dst`, their inverses and those of several axes) are operators of their own. The
shifts (`fftshift`, `ifftshift`) are NumPy's; `fftfreq`, `rfftfreq` and `next_fast_len` are SciPy's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.fft as original
from numpy.fft import fftshift, ifftshift
from scipy.fft import fftfreq, next_fast_len, rfftfreq

from .cosines import dct, dctn, dst, dstn, idct, idctn, idst, idstn
from .standing import follows, missing

__all__ = [
    "dct",
    "dctn",
    "dst",
    "dstn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "idct",
    "idctn",
    "idst",
    "idstn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "next_fast_len",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


def _along_one(name: str) -> Callable[..., Any]:
    """A transform along one axis; `overwrite_x`, `workers` and `plan` only say how it is computed."""
    transform = getattr(np.fft, name)

    @follows(getattr(original, name))
    def definition(
        x: Any,
        n: int | None = None,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        return transform(x, n, axis, norm)

    return definition


def _along_several(
    name: str, usual: Sequence[int] | None, transform: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A transform along several axes, NumPy's of that name unless another one is given."""
    run = transform or getattr(np.fft, name)

    @follows(getattr(original, name))
    def definition(
        x: Any,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = usual,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        if s is not None and axes is None:
            axes = range(-len(s), 0)
        return run(x, s, axes, norm)

    return definition


# fmt: off
fft,   ifft   = _along_one("fft"),  _along_one("ifft")
rfft,  irfft  = _along_one("rfft"), _along_one("irfft")
hfft,  ihfft  = _along_one("hfft"), _along_one("ihfft")
fft2,  ifft2  = _along_several("fft2", (-2, -1)),  _along_several("ifft2", (-2, -1))
rfft2, irfft2 = _along_several("rfft2", (-2, -1)), _along_several("irfft2", (-2, -1))
fftn,  ifftn  = _along_several("fftn", None),      _along_several("ifftn", None)
rfftn, irfftn = _along_several("rfftn", None),     _along_several("irfftn", None)
# fmt: on


def _hermitian(name: str) -> Callable[..., Any]:
    """Transforms from and to Hermitian arrays are those from and to real spectra, conjugate and scaled as inverses."""
    if name.startswith("i"):
        return lambda x, s, axes, norm: np.conjugate(rfftn(x, s, axes, _OTHER_NORM[norm]))
    return lambda x, s, axes, norm: irfftn(np.conjugate(x), s, axes, _OTHER_NORM[norm])


_OTHER_NORM: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}

hfft2, ihfft2 = [_along_several(name, (-2, -1), _hermitian(name)) for name in ("hfft2", "ihfft2")]
hfftn, ihfftn = [_along_several(name, None, _hermitian(name)) for name in ("hfftn", "ihfftn")]


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
