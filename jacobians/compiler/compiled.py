"""`compile`: a function, derivatives included, as a straight line of NumPy calls that is replayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from .kernel import Kernel, write_kernel
from .staging import stage
from .trees import Tree, flatten

__all__ = ["Compiled", "compile"]


class Compiled:
    """A function that is written down at its first call with each signature, and replayed from then on."""

    def __init__(self, function: Callable[..., Any], static: tuple[int, ...] = ()) -> None:
        self.function = function
        self.static = static
        self._programs: dict[Any, tuple[Kernel, Tree]] = {}
        self._quick: dict[Any, tuple[Callable[..., Any], Any]] = {}
        self._lock = threading.RLock()
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = flatten((args, kwargs))
        key = (tree, tuple([(leaf.shape, leaf.dtype) if type(leaf) is np.ndarray else type(leaf) for leaf in leaves]))
        found = self._programs.get(key)
        if found is None:
            found = self._programs[key] = self._written(leaves, tree)
        kernel, result = found
        return result.build(kernel.run(*leaves))

    def _written(self, leaves: Sequence[Any], tree: Tree) -> tuple[Kernel, Tree]:
        names = [f"x{n}" for n in range(len(leaves))]
        staged = stage(self.function, names, leaves, tree)
        kernel = write_kernel("compiled", staged.inputs, staged.outputs)
        return kernel, staged.result

    @property
    def source(self) -> str:
        return "\n".join(kernel.source for kernel, _ in self._programs.values())


def compile(function: Callable[..., Any], *, static_argnums: int | Sequence[int] = ()) -> Compiled:
    return Compiled(function)
