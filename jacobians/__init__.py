"""Generalized Jacobians of ordinary NumPy code.

A derivative is handed back as what it is: a tensor of shape out_shape + in_shape, held as a short sum of einsum terms,
or lazily where even that is too big. The modules in the order in which data passes through them:

- `errors`: every exception.
- `plain`: functions of plain arrays that NumPy lacks, some of them in the text of saved programs.
- `labels`, `arrays`: index names, and array functions with rules that NumPy lacks.
- `methods`, `trees`: the methods of an ndarray for arrays of our own, and nests of arrays; `exposed`: arrays of objects
  that were made of one.
- `quiet`, `pausing`: NumPy's warnings, and Python's garbage collection, switched off for a while.
- `terms`, `partials`: factors and maps under named indices, what a Jacobian is a sum of; those that rules are made of.
- `late`, `postponed`: slopes and results that are not computed before someone asks; `partners`: slopes that are there.
- `program`: a straight line of NumPy calls, and the array that records it, below all derivatives.
- `registry`, `rules`: the local Jacobian of each NumPy function, as terms; `steps`: a call like one before.
- `tracing`, `graph`: a function runs on traced arrays and writes its linear graph.
- `chain`, `contract`, `elimination`: terms are joined, contracted and merged until one edge is left.
- `tensor`: the classes `Jacobian` and, for nests, `BlockJacobian`.
- `recording`: a function is run once, its arguments checked, its graph kept.
- `transforms`, `taping`: `jacobian`, `grad`, `vjp`, ..., and the same as a context manager.
- `extending`: `custom` and `implicit`, functions and solvers that cannot be looked into.
- `scipy`: functions of SciPy that NumPy's protocols do not reach, under the same names.
- `compiler`: what was recorded, made simpler, printed as Python and replayed.
- `checking`, `reports`, `plotting`: numerical checks, and the main job ``python -m jacobians``.
"""

from . import rules as _rules
from . import scipy as scipy
from .checking import check_jacobian, numerical_jacobian
from .compiler import Compiled, compile, set_threads
from .elimination import Plan
from .errors import (
    ArgumentError,
    ChainError,
    EscapedTraceError,
    HolomorphyError,
    JacobianError,
    JacobianMismatchError,
    MemoryLimitError,
    ScalarisationWarning,
    ShapeError,
    StagingError,
    StructureError,
    TermError,
    TraceConversionError,
    UnsupportedFunctionError,
    WriteError,
)
from .extending import custom, implicit
from .recording import primal, stop_gradient
from .registry import complex_too, composed, elementwise, gather, local, multilinear, nondifferentiable, unsupported
from .taping import Tape
from .tensor import BlockJacobian, Jacobian, set_memory_limit
from .transforms import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    plan,
    value_and_grad,
    value_and_jacobian,
    vjp,
)

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "BlockJacobian",
    "ChainError",
    "Compiled",
    "EscapedTraceError",
    "HolomorphyError",
    "Jacobian",
    "JacobianError",
    "JacobianMismatchError",
    "MemoryLimitError",
    "Plan",
    "ScalarisationWarning",
    "ShapeError",
    "StagingError",
    "StructureError",
    "Tape",
    "TermError",
    "TraceConversionError",
    "UnsupportedFunctionError",
    "WriteError",
    "check_jacobian",
    "compile",
    "complex_too",
    "composed",
    "custom",
    "elementwise",
    "gather",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "local",
    "multilinear",
    "nondifferentiable",
    "numerical_jacobian",
    "plan",
    "primal",
    "set_memory_limit",
    "set_threads",
    "stop_gradient",
    "unsupported",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
]

del _rules
