"""The module `np.fft`: shifts move entries, transforms are refused."""

from __future__ import annotations

import numpy.fft as fft

from ..registry import gather, unsupported

__all__: list[str] = []

gather(fft.fftshift, separable=True)
gather(fft.ifftshift, separable=True)

# fmt: off
unsupported(
    "because complex numbers are not supported yet",
    fft.fft, fft.ifft, fft.fft2, fft.ifft2, fft.fftn, fft.ifftn, fft.rfft, fft.irfft, fft.rfft2, fft.irfft2,
    fft.rfftn, fft.irfftn, fft.hfft, fft.ihfft,
)
# fmt: on
