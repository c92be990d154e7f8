"""What `python -m jacobians` shows: three small studies, each a frozen result that prints itself.

- `lesson`: the gradient of an affine least-squares loss, as a formula, as numbers and as one step downhill.
- `network`: explicit against lazy Jacobians of a network while its batch grows.
- `bundle`: the sparse Jacobian of a bundle adjustment, 95,529 x 55,710.
- `comparison`: what explicit and lazy cost for any function; `table`: aligned columns, seconds for a human.
"""

from __future__ import annotations

from .bundle import BundleReport, bundle_report, load_problem
from .comparison import BYTES, COLUMNS, TIMES, Comparison, compare, curves
from .lesson import AffineLesson, affine_lesson
from .network import NetworkReport, network_report

__all__ = [
    "BYTES",
    "COLUMNS",
    "TIMES",
    "AffineLesson",
    "BundleReport",
    "Comparison",
    "NetworkReport",
    "affine_lesson",
    "bundle_report",
    "compare",
    "curves",
    "load_problem",
    "network_report",
]
