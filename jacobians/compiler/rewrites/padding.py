"""``np.pad`` as an array that is written into, margins by slices: the function itself takes 10 to 30 microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...program import Node
from ..namespace import Namespace
from ..printing import literal
from ..single import Single

__all__ = ["Pad"]


class Pad(Single):
    """The statement that pads an array with zeros, or with what the array has.

    Parameters
    ----------
    node : Node
        A call of `pad`.
    before : sequence of int
        Entries in front, along each axis.
    mode : str
    """

    __slots__ = ("before", "mode")
    makes_fresh = True

    def __init__(self, node: Node, before: tuple[int, ...], mode: str) -> None:
        self.node, self.before, self.mode = node, before, mode

    @classmethod
    def of(cls, node: Node) -> Pad | None:
        """The statement for a call; None where it pads with something else, or by more than the array has."""
        array, *rest = node.args
        about = dict(zip(("pad_width", "mode"), rest, strict=False)) | node.kwargs
        width = about.pop("pad_width", None)
        mode = about.pop("mode", "constant")
        constant = mode == "constant" and _is_zero(about.pop("constant_values", 0))
        if about or not (constant or mode in _SPARE) or not isinstance(array, Node) or array.weak or not array.ndim:
            return None
        try:
            widths = np.broadcast_to(np.array(width), (array.ndim, 2))
        except (TypeError, ValueError):
            return None
        if widths.dtype.kind != "i" or tuple((np.array(array.shape) + widths.sum(axis=1)).tolist()) != node.shape:
            return None
        if not constant and np.any(widths.max(axis=1) + _SPARE[mode] > array.shape):
            return None
        return cls(node, tuple(widths[:, 0].tolist()), mode)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        name, array = names[id(self.node)], self.node.args[0]
        own = [f"{n}:{n + size}" for n, size in zip(self.before, array.shape, strict=True)]
        kind = "zeros" if self.mode == "constant" else "empty"
        made = f"{name} = np.{kind}({self.node.shape}, {literal(self.node.dtype, names, space)})"
        lines = [made, f"{name}[{', '.join(own)}] = {names[id(array)]}"]
        if self.mode == "constant":
            return lines
        # One axis after the other, as NumPy does it: with the margins of those before, without those of the others.
        for axis, (before, size, whole) in enumerate(zip(self.before, array.shape, self.node.shape, strict=True)):
            for target, source in _margins(self.mode, before, size, whole - before - size):
                place, origin = [", ".join([*[":"] * axis, part, *own[axis + 1 :]]) for part in (target, source)]
                lines.append(f"{name}[{place}] = {name}[{origin}]")
        return lines


_SPARE = {"edge": -(2**60), "wrap": 0, "symmetric": 0, "reflect": 1}
"""By mode, how many entries more than a margin has an axis must have."""


def _margins(mode: str, before: int, size: int, after: int) -> Iterator[tuple[str, str]]:
    """Where the margins of an axis are, and what is put there."""
    end = before + size
    if mode == "edge":
        first, last = f"{before}:{before + 1}", f"{end - 1}:{end}"
    elif mode == "wrap":
        first, last = f"{size}:{end}", f"{before}:{before + after}"
    else:
        skipped = mode == "reflect"
        first = f"{2 * before - 1 + skipped}:{before - 1 + skipped}:-1"
        stop = end - 1 - skipped - after
        last = f"{end - 1 - skipped}:{stop if stop >= 0 else ''}:-1"
    if before:
        yield f"0:{before}", first
    if after:
        yield f"{end}:{end + after}", last


def _is_zero(value: Any) -> bool:
    return type(value) in (int, float) and value == 0
