"""Which rules hold for complex numbers as they stand; those of ufuncs and of `np.linalg` are told where they are.

A function that is linear, or moves entries, or is a holomorphic function of them, has one formula for both. What
compares numbers (`maximum`, `sort`, `median`) orders complex ones by their real part, and by the imaginary part where
those are equal; its derivative is that of the entries that it chooses. What has another formula is refused.
"""

from __future__ import annotations

import operator

import numpy as np

from ..arrays import embed, mirrored, scatter, written
from ..contract import filled
from ..registry import complex_too
from .sparse import sparse_product, sparse_solve

__all__: list[str] = []

# the library's own
complex_too(operator.getitem, filled, scatter, embed, mirrored, written, sparse_product, sparse_solve)
# shape
complex_too(np.reshape, np.ravel, np.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d)
complex_too(np.copy, np.astype, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.matrix_transpose)
complex_too(np.linalg.matrix_transpose, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.broadcast_to)
complex_too(np.broadcast_arrays, np.meshgrid, np.ix_, np.repeat, np.tile, np.resize, np.pad)
complex_too(np.lib.stride_tricks.sliding_window_view)
complex_too(np.diag, np.diagflat, np.diagonal, np.linalg.diagonal, np.tril, np.triu)
# parts
complex_too(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.append, np.block)
complex_too(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.unstack)
complex_too(np.choose, np.select, np.delete, np.trim_zeros, np.insert, np.piecewise)
complex_too(np.take, np.take_along_axis, np.compress, np.extract)
complex_too(np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)
# sums and products
complex_too(np.sum, np.mean, np.prod, np.average, np.cumsum, np.cumprod, np.cumulative_sum, np.cumulative_prod)
complex_too(np.nansum, np.nanprod, np.nancumsum, np.nancumprod, np.nanmean)
complex_too(np.var, np.std, np.nanvar, np.nanstd)
complex_too(np.diff, np.ediff1d, np.trapezoid, np.gradient)
complex_too(np.add.reduceat, np.subtract.reduce, np.subtract.accumulate, np.subtract.reduceat)
complex_too(np.multiply.reduceat, np.divide.reduce, np.divide.accumulate, np.divide.reduceat)
complex_too(
    np.vdot,
    np.vecdot,
    np.linalg.vecdot,
    np.vecmat,
    np.linalg.multi_dot,
    np.linalg.matrix_power,
    np.einsum,
    np.cross,
    np.linalg.cross,
)
complex_too(np.trace, np.linalg.trace, np.convolve, np.correlate)
# the entries that are chosen
complex_too(np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin, np.ptp, np.sort, np.partition, np.median, np.clip)
complex_too(np.nanmedian, np.maximum, np.minimum, np.fmax, np.fmin)
complex_too(np.maximum.accumulate, np.minimum.accumulate, np.fmax.accumulate, np.fmin.accumulate)
complex_too(np.fmax.reduce, np.fmin.reduce)
# others
complex_too(
    np.apply_along_axis,
    np.apply_over_axes,
    np.vander,
    np.polyval,
    np.cov,
    np.polyadd,
    np.polysub,
    np.polymul,
    np.polyder,
    np.polyint,
    np.polydiv,
    np.polyfit,
    np.poly,
    np.corrcoef,
    np.histogram,
    np.histogram_bin_edges,
    np.full_like,
)
complex_too(
    np.linspace, np.logspace, np.geomspace, np.array, np.asanyarray, np.asarray, np.ascontiguousarray, np.asfortranarray
)
complex_too(np.full, np.fromfunction, np.fromiter, np.require, np.real_if_close)
complex_too(np.power.accumulate, np.float_power.reduce, np.float_power.accumulate, np.float_power.reduceat)
complex_too(np.maximum.reduceat, np.minimum.reduceat, np.fmax.reduceat, np.fmin.reduceat)
