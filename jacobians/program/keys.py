"""`argument_key`: what two equal arguments of a call have in common."""

from __future__ import annotations

from typing import Any

from .node import Node

__all__ = ["argument_key"]


def argument_key(value: Any) -> Any:
    """What two equal arguments have in common; 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    if isinstance(value, Node):
        return id(value)
    if type(value) in (tuple, list):
        return (type(value), *[argument_key(entry) for entry in value])
    if isinstance(value, slice):
        return (slice, value.start, value.stop, value.step)
    if isinstance(value, float):
        return (float, value.hex())
    try:
        hash(value)
    except TypeError:
        return (type(value), id(value))
    return (type(value), value)
