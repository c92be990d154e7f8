"""Products with sparse matrices that are constant; their sparsity is that of the Jacobian.

``A @ x`` is differentiable as it stands, also with a sparse matrix A of SciPy; `matmul` is the same as a function, for
programs that are being compiled. `linalg` solves.
"""

from __future__ import annotations

from ...arrays import sparse_matmul as matmul
from . import linalg

__all__ = ["linalg", "matmul"]
