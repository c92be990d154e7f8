"""What two graphs have in common if their elimination is predicted alike: `likeness`, a key to remember plans by."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from math import frexp

from ..graph import LinearGraph
from ..labels import Label
from ..terms import Factor, Term, pattern_of

__all__ = ["likeness"]


def likeness(graph: LinearGraph, inputs: Sequence[int], output: int, joints: Collection[int] = ()) -> Hashable:
    """A key: vertices, edges, patterns of terms, which arrays are the same one, and which scales are equal.

    Scales count by which of them are equal, and exactly where they are powers of two, since these are pulled out of
    sums: a constant that changes from call to call needs no new plan.
    """
    arrays: dict[int, int] = {}
    scales: dict[float, int] = {}
    edges = []
    for target, sources in enumerate(graph.into):
        for source, terms in sources.items():
            for term in terms:
                pattern = term._pattern or pattern_of(term)
                held = [_held(factor) for factor in term.factors] if pattern is None else term.arrays
                shared = tuple([arrays.setdefault(id(array), len(arrays)) for array in held])
                scale: Hashable = term.scale
                if scale != 1 and scale != -1 and frexp(abs(term.scale))[0] not in (0, 0.5):
                    scale = scales.setdefault(abs(term.scale), len(scales)), term.scale < 0
                edges.append((source, target, pattern or _pattern(term), shared, scale))
    return tuple(edges), tuple(graph.shapes), tuple(graph.dtypes), tuple(inputs), output, tuple(joints)


def _held(factor: object) -> object:
    return factor.array if isinstance(factor, Factor) else factor.operation  # type: ignore[attr-defined]


def _pattern(term: Term) -> Hashable:
    """The pattern of a term with operators, or with maps that list positions."""
    number = {label: n for n, label in enumerate(term.labels)}

    def numbers(labels: Sequence[Label]) -> tuple[int, ...]:
        return tuple([number[label] for label in labels])

    return (
        tuple([numbers(axis) for axis in term.out]),
        tuple([numbers(axis) for axis in term.inp]),
        tuple([label.size for label in number]),
        tuple([(numbers(relation.dst), numbers(relation.src), relation.fingerprint) for relation in term.maps]),
        tuple(
            [
                numbers(f.labels) if isinstance(f, Factor) else (numbers(f.left), numbers(f.right), f.nbytes, f.dtype)
                for f in term.factors
            ]
        ),
        numbers(term.bound),
    )
