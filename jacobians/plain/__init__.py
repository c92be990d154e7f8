"""Functions of plain arrays that NumPy lacks. They know nothing of this library.

The text of a module stands in every saved program that calls it, so it needs NumPy alone. Those that go by SciPy's
loops ask for SciPy when they are called, and have a way without it.

- `symmetric`: matrices that equal their transpose, half of which is computed.
- `triangular`: the inverse of a triangular matrix.
- `distances`: squared distances between points.
- `rowsums`: sums of rows that positions pick.
- `picks`: products with matrices of few entries that are found by each call.
- `recurrences`: steps that are linear in what the step before made.
"""

from .distances import squared_distances
from .picks import chosen_entries, picked_sums
from .recurrences import linear_steps
from .rowsums import RowSums, row_sums
from .symmetric import mirror, symmetric_product, upper_product
from .triangular import lower_inverse

__all__ = [
    "RowSums",
    "chosen_entries",
    "linear_steps",
    "lower_inverse",
    "mirror",
    "picked_sums",
    "row_sums",
    "squared_distances",
    "symmetric_product",
    "upper_product",
]
