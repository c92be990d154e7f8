"""Plan and run a contraction: from the terms of a Jacobian to arrays.

- `cheapest`: `cheapest_pairs`, the best order of pairs for a few operands.
- `path`: `plan_pairs`, the order of pairwise contractions (the only place that calls opt_einsum), planned once per
  structure; `ContractionPlan` prints itself.
- `views`, `calls`: one call of NumPy on views of two arrays; `matrices`: those that multiply matrices.
- `kernels`: `pair_kernel`, one pair of ndarrays as a product, a GEMM, a batched `matmul`, or einsum's loop.
- `pairs`: one pair of arrays of any kind, by dispatched functions alone.
- `portions`: `portion`, of a sum over a long label, for which intermediates stay small.
- `network`: `contract_factors`, many factors along a plan, with the kernels of its pairs.
- `relations`: `gather` and `scatter_factor`, what a map does to a factor.
- `sliding`: `slide`, two vectors along each other, as a convolution.
- `reduction`: `reduce_term`, a term down to one dense factor and the maps that place it.
- `common`: terms that share most of their work, as one.
- `stacking`: `write_stacked`, a sum of products as one GEMM.
- `places`: where the numbers of a term stand in a dense array.
- `filling`: `filled`, terms of traced arrays as one array.
- `assembly`: `to_dense` and `to_coo`, reduced terms as an array or as triplets.
- `symmetry`: `to_symmetric`, the array of a Hessian, equal to its transpose exactly.
- `positions`, `lines`: where the entries of a term stand in a matrix, by a rule where there is one.
- `slots`, `ordering`: the places of a compressed matrix, some thousands at a time; its columns in order.
- `compression`: `compress`, reduced terms as a compressed sparse matrix; `arrange`, where their entries stand.
"""

from .assembly import Triplets, grid_values, to_coo, to_dense
from .compression import Placed, arrange, compress, is_arrangeable, is_compressible
from .filling import Filling, filled
from .matrices import SYMMETRIC_LIMIT
from .network import contract_factors, contraction
from .path import ContractionPlan, plan_pairs
from .places import grid_of
from .reduction import apply_operators, reduce_term
from .relations import gather, scatter_factor
from .sliding import slide
from .symmetry import to_symmetric

__all__ = [
    "SYMMETRIC_LIMIT",
    "ContractionPlan",
    "Filling",
    "Placed",
    "Triplets",
    "apply_operators",
    "arrange",
    "compress",
    "contract_factors",
    "contraction",
    "filled",
    "gather",
    "grid_of",
    "grid_values",
    "is_arrangeable",
    "is_compressible",
    "plan_pairs",
    "reduce_term",
    "scatter_factor",
    "slide",
    "to_coo",
    "to_dense",
    "to_symmetric",
]
