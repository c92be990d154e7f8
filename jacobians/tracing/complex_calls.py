"""Calls on a level with complex values: which rules hold for them, and how their terms act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..methods import check_cast
from ..registry import LocalTerm, Path, Rule, function_name, refused_complex
from ..terms import settled_act
from .levels import Level
from .recorded import recorded_in

__all__ = ["acting_terms", "check_casts", "has_complex"]


def has_complex(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a traced operand is complex."""
    return any([value.dtype.kind == "c" for value in recorded_in((*args, *kwargs.values()))])


def check_casts(level: Level, function: Any, sources: dict[Path, int], arguments: Sequence[Any]) -> None:
    """Raise if a complex operand is asked for as a real one, of which NumPy only warns."""
    for argument in arguments:
        if isinstance(argument, (np.dtype, type)):
            for vertex in sources.values():
                check_cast(function_name(function), level.graph.dtypes[vertex], argument)


def acting_terms(
    level: Level, rule: Rule, sources: dict[Path, int], vertices: Sequence[int | None], found: Iterable[LocalTerm]
) -> Iterator[LocalTerm]:
    """The terms of a rule as they act between real and complex arrays."""
    graph = level.graph
    if not rule.is_complex and not all([graph.is_real(vertex) for vertex in sources.values()]):
        raise refused_complex(rule.function)
    for position, path, term in found:
        target = vertices[position]
        if path in sources and target is not None and not isinstance(term, str):
            for part in settled_act(term, graph.is_real(sources[path]), graph.is_real(target)):
                yield position, path, part
        else:
            yield position, path, term
