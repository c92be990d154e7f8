"""The class `Jacobian`: a linear graph with an algebra.

- `filling`: dense arrays, into fresh memory or that of the caller.
- `limits`: the memory limit, `set_memory_limit`.
- `regions`: where the graph of one Jacobian stands in that of a product, so that it is eliminated once.
- `linking`: `Linear`, a graph with one input and one output, and how two are joined, added, transposed.
- `structure`: what the labels of terms prove, in words.
- `entrywise`: what NumPy does with the entries of a Jacobian, on the dense array.
- `making`: Jacobians made by hand, from arrays and from einsum expressions.
- `products`: tangents pushed forward, cotangents pulled back.
- `picking`: entries by a NumPy index.
- `patterns`: `SparsePattern`, a sparse matrix whose numbers are not known yet.
- `results`, `operators`: sparse matrices, blocks along a shared axis; SciPy's linear operators.
- `wirtinger`: the parts of a derivative between complex arrays.
- `jacobian`: `Jacobian` itself, explicit and lazy.
- `waiting`: Jacobians that are made of their numbers when someone asks for anything of them.
- `bundles`: graphs with several inputs and outputs, eliminated once for all pairs.
- `parts`, `blocks`: `BlockJacobian`, the Jacobian of a function of nests, and its flat view.
"""

from .blocks import BlockJacobian
from .bundles import Bundle
from .entrywise import as_dense
from .jacobian import Jacobian
from .limits import memory_limit, set_memory_limit
from .linking import Body, Linear, edge
from .patterns import SparsePattern
from .products import check_real, cotangent_term, pulled_array
from .waiting import waiting_jacobian

__all__ = [
    "BlockJacobian",
    "Body",
    "Bundle",
    "Jacobian",
    "Linear",
    "SparsePattern",
    "as_dense",
    "check_real",
    "cotangent_term",
    "edge",
    "memory_limit",
    "pulled_array",
    "set_memory_limit",
    "waiting_jacobian",
]
