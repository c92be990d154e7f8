"""What is asked of a function that is called holomorphic, and of one whose gradient is taken.

The gradient of a real function f of z = u + iv is ``df/du - i df/dv``: the row g of ``df = Re(g dz)``. That of a
complex function would be two rows, one in z and one in its conjugate; of a holomorphic one the second is zero.
"""

from __future__ import annotations

from typing import Any

from ..contract import to_dense
from ..elimination import eliminate, inner_vertices
from ..errors import ArgumentError, HolomorphyError
from .linearise import Linearised
from .pulling import as_scalar

__all__ = ["check_complex", "check_real_result", "pull_holomorphic"]


def check_real_result(operation: str, dtype: Any, name: str = "the result") -> None:
    """Raise if what a gradient is taken of is complex."""
    if dtype.kind == "c":
        advice = (
            "Take its real part or its modulus, or jacobian; a holomorphic function has grad(..., holomorphic=True)."
        )
        raise ArgumentError(operation, name, f"is complex ({dtype}), but must be real", advice)


def check_complex(operation: str, record: Linearised) -> None:
    """Raise unless all inputs and outputs are complex, as those of a function that is called holomorphic."""
    graph = record.graph
    for name, vertices in (("an argument", record.inputs), ("the result", record.outputs)):
        for vertex in vertices:
            if graph.is_real(vertex):
                found = f"is real ({graph.dtypes[vertex]}), but holomorphic=True needs complex numbers"
                raise ArgumentError(operation, name, found, "Use x.astype(complex), or leave holomorphic=True out.")


def pull_holomorphic(operation: str, record: Linearised) -> tuple[Any, ...]:
    """The complex derivatives of a scalar in all inputs.

    Raises
    ------
    HolomorphyError
        If one of them acts on the conjugate of a tangent.
    """
    check_complex(operation, record)
    graph, (output,) = record.graph, record.outputs
    order = inner_vertices(graph, record.inputs, output)[::-1]
    found = eliminate(graph, record.inputs, output, order)
    if any([term.act for terms in found.values() for term in terms]):
        raise HolomorphyError(operation, "Leave holomorphic=True out, and take jacobian, or a real part.")
    return tuple([as_scalar(to_dense(found[n], graph.shapes[n], graph.dtypes[n])) for n in record.inputs])
