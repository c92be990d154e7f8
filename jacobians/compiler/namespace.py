"""What the text of a program refers to: functions by their import path, and constants by a name."""

from __future__ import annotations

import importlib
import operator
import sys
from collections import Counter
from typing import Any

import numpy as np

from ..arrays import is_sparse
from ..plain import distances, picks, recurrences, rowsums, symmetric, triangular
from .blocks import blockwise
from .constants import seen_in

__all__ = ["HELPERS", "Namespace"]

HELPERS = blockwise, symmetric, distances, triangular, rowsums, picks, recurrences
"""Modules whose functions a program may call, and whose text it holds where it is saved."""

SHARED_BYTES = 1024
"""Constants of so many bytes are not stored twice, if one is the other with its axes in another order."""


class Namespace:
    """Names that a program uses besides its own.

    Attributes
    ----------
    imports : dict of str to str
        Module to the name under which it is imported.
    constants : dict of str to array
    views : dict of str to str
        Constants that lie in the memory of others in another order, as the expressions that make them.
    matrices : dict of str to str
        Sparse matrices, as the expressions that make them of constants.
    objects : dict of str to object
        What has no import path; a program that needs such an object cannot be saved.
    helpers : set of str
        The functions of `HELPERS` that it calls; a saved program holds the text of these modules.
    """

    def __init__(self) -> None:
        self.imports = {"numpy": "np"}
        self.constants: dict[str, Any] = {}
        self.views: dict[str, str] = {}
        self.matrices: dict[str, str] = {}
        self.objects: dict[str, Any] = {}
        self.helpers: set[str] = set()
        self._known: dict[int, str] = {}
        self._held: list[Any] = []  # what has a name: an id is that of one object as long as it lives
        self._counts: Counter[str] = Counter()

    def function(self, function: Any) -> str:
        """The text of a function: ``np.linalg.inv``."""
        path = _path_of(function)
        if path is None:
            return self.constant(function)
        module, name = path
        if module == "numpy" or module.startswith("numpy."):
            return f"np{module[5:]}.{name}"
        self.imports[module] = module.rpartition(".")[2]
        return f"{self.imports[module]}.{name}"

    def constant(self, value: Any) -> str:
        """The name of an array, or of any object."""
        if id(value) not in self._known and (is_sparse(value) or type(value) is rowsums.RowSums):
            self._known[id(value)] = self._matrix(value)
            self._held.append(value)
        if id(value) not in self._known:
            self._held.append(value)
            self._known[id(value)] = self._array(value) if isinstance(value, np.ndarray) else f"f{len(self.objects)}"
            if not isinstance(value, np.ndarray):
                self.objects[self._known[id(value)]] = value
        return self._known[id(value)]

    def _array(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants) + len(self.views)}"
        if array.nbytes >= SHARED_BYTES:
            # ``X @ w`` and ``X.T @ e`` read one array, which the cache holds for both.
            for other, held in self.constants.items():
                expression = seen_in(array, held, other)
                if expression is not None:
                    self.views[name] = expression
                    return name
        self.constants[name] = _frozen(array)
        return name

    def _matrix(self, matrix: Any) -> str:
        if type(matrix) is rowsums.RowSums:
            arrays = ", ".join([self.constant(part) for part in (matrix.weights, matrix.columns, matrix.starts)])
            name = f"m{len(self.matrices)}"
            self.matrices[name] = f"{self.helper('RowSums')}({arrays}, {matrix.width})"
            return name
        self.imports["scipy.sparse"] = "sparse"
        arrays = ", ".join([self.constant(part) for part in (matrix.data, matrix.indices, matrix.indptr)])
        name = f"m{len(self.matrices)}"
        kind = "csc" if matrix.format == "csc" else "csr"
        self.matrices[name] = f"sparse.{kind}_array(({arrays}), shape={matrix.shape})"
        return name

    def helper(self, name: str) -> str:
        """The name of a function of one of the `HELPERS`."""
        self.helpers.add(name)
        return name

    def close(self) -> None:
        """Forget which objects have names, once the text is written."""
        self._known.clear()
        self._held.clear()

    def fresh(self, name: str) -> str:
        """A name that no other definition of the program has."""
        self._counts[name] += 1
        return f"{name}{self._counts[name] - 1}"

    def bound(self) -> dict[str, Any]:
        """The names with their values, to run the text in."""
        modules = {name: importlib.import_module(module) for module, name in self.imports.items()}
        helpers = {name: getattr(module, name) for module in HELPERS for name in self.helpers & {*module.__all__}}
        scope = {**modules, **helpers, **self.constants, **self.objects}
        scope |= {name: eval(text, scope.copy()) for name, text in self.views.items()}
        return scope | {name: eval(text, scope.copy()) for name, text in self.matrices.items()}


def _frozen(array: np.ndarray) -> np.ndarray:
    """An array that nobody can write to: a copy, unless it is that already."""
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array


def _path_of(function: Any) -> tuple[str, str] | None:
    """The module and the name under which a function can be imported, or None."""
    if isinstance(function, np.ufunc):
        name = "abs" if function is np.absolute else function.__name__
        for module in ("numpy", "scipy.special"):
            found = getattr(sys.modules.get(module), name, None)
            if found is function or (module == "numpy" and name == "clip"):
                return module, name
        return None
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        path = _path_of(owner)
        return None if path is None else (path[0], f"{path[1]}.{function.__name__}")
    module, name = getattr(function, "__module__", None) or "numpy", getattr(function, "__name__", "")
    if module == "_operator":
        return None if function is operator.getitem else ("operator", name)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
    return (module, name) if found is function and not module.startswith("jacobians") else None
