"""The registry, when the site is built: the directives ``{function-counts}``, ``{function-table}``, ``{method-table}``.

A table has a field above it in which a reader types a part of a name, and sees the rows that hold it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np
from docutils import nodes
from numpy.testing import overrides
from scipy import special
from sphinx.util.docutils import SphinxDirective

import jacobians.scipy  # noqa: F401  # loads the rules of SciPy
from jacobians.registry import Rule, function_name, lookup, registered
from jacobians.tracing import rule_of_method

HOW = {
    "elementwise": "a partial for each operand",
    "multilinear": "labels of operands and result",
    "gather": "entries move",
    "local": "terms",
    "composed": "runs as others",
    "nondifferentiable": "zero derivative, or no real array",
    "unsupported": "refused",
}
CATEGORIES = ("differentiable", "constant", "unsupported")
METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")
_LOADED = ("char", "fft", "lib.recfunctions", "ma", "polynomial", "rec", "strings")  # NumPy loads them lazily


def public_name(function: Any) -> str:
    """The name under which a user finds a function."""
    name = function_name(function)
    for module in (special, np.strings):
        if getattr(module, name, None) is function:
            return f"{module.__name__.replace('numpy', 'np')}.{name}"
    return name if "." in name else f"np._core.umath.{name}"


def numpy_functions() -> dict[str, Rule]:
    """The rules of all functions that NumPy lets others override, by name."""
    for module in _LOADED:
        _ = import_module(f"numpy.{module}")
    everything = [*overrides.get_overridable_numpy_ufuncs(), *overrides.get_overridable_numpy_array_functions()]
    found = {public_name(f): lookup(f) for f in everything}
    inner = sorted(found, key=lambda name: (name.startswith("np._"), name))  # what is internal comes last
    return {name: rule for name in inner if (rule := found[name]) is not None}


def special_functions() -> dict[str, Rule]:
    """The rules of the ufuncs of `scipy.special`, by name."""
    ufuncs = [f for f in vars(special).values() if isinstance(f, np.ufunc)]
    return {public_name(f): rule for f in sorted(ufuncs, key=lambda f: f.__name__) if (rule := lookup(f)) is not None}


def offered() -> dict[str, list[str]]:
    """What `jacobians.scipy` offers, by module."""
    modules = {"special", "fft", "integrate", "linalg", "signal", "sparse", "sparse.linalg", "stats"}
    found = {name: import_module(f"jacobians.scipy.{name}").__all__ for name in sorted(modules)}
    return {name: [n for n in names if n[0].islower()] for name, names in found.items()}


SETS = {"numpy": ("NumPy", numpy_functions), "special": ("scipy.special", special_functions)}


class FunctionCounts(SphinxDirective):
    """How many functions are in each category, by library."""

    def run(self) -> list[nodes.Node]:
        lines = ["| | differentiable | constant | unsupported | together |", "| --- | --: | --: | --: | --: |"]
        for title, functions in SETS.values():
            counts = Counter(rule.category for rule in functions().values())
            numbers = [str(counts[category]) for category in CATEGORIES]
            lines.append(f"| {title} | {' | '.join(numbers)} | {counts.total()} |")
        found = Counter(
            rule.category for f in overrides.get_overridable_numpy_ufuncs() for rule in methods(f).values() if rule
        )
        numbers = [str(found[category]) for category in CATEGORIES]
        lines.append(f"| methods of ufuncs | {' | '.join(numbers)} | {found.total()} |")
        lines.append(f"| jacobians.scipy | {sum(map(len, offered().values()))} | | | |")
        return self.parse_text_to_nodes("\n".join(lines))


class FunctionTable(SphinxDirective):
    """A row for each function of a library."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] == "jacobians.scipy":
            rows = [f"| `jacobians.scipy.{module}` | {_names(names)} |" for module, names in offered().items()]
            return self.parse_text_to_nodes("\n".join(["| module | functions |", "| --- | --- |", *rows]))
        rows = []
        for name, rule in SETS[self.arguments[0]][1]().items():
            how = f"{rule.reason}" if rule.reason else HOW[rule.kind]
            rows.append(f"| `{name}` | {rule.category} | {how} |")
        return _searchable(self, ["| function | is | how, or why not |", "| --- | --- | --- |", *rows])


class MethodTable(SphinxDirective):
    """A row for each ufunc of numbers, a column for each method."""

    def run(self) -> list[nodes.Node]:
        lines = [f"| ufunc | {' | '.join(METHODS)} |", "| --- |" + " --- |" * len(METHODS)]
        for f in sorted(overrides.get_overridable_numpy_ufuncs(), key=lambda f: f.__name__):
            found = methods(f)
            if any(rule is not None and rule.category != "unsupported" for rule in found.values()):
                words = [rule.category if rule is not None else "" for rule in found.values()]
                lines.append(f"| `{public_name(f)}` | {' | '.join(words)} |")
        return _searchable(self, lines)


def methods(ufunc: np.ufunc) -> dict[str, Rule | None]:
    """The rules by which the methods of a ufunc are differentiated."""
    found = {method: rule_of_method(ufunc, method) for method in METHODS}
    return found | {"at": None} if ufunc.nin > 2 or ufunc.nout > 1 else found


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _searchable(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    field = '<input class="row-filter" type="search" placeholder="part of a name" aria-label="rows that hold">'
    return [nodes.raw("", field, format="html"), *directive.parse_text_to_nodes("\n".join(lines))]


def setup(app: Any) -> dict[str, Any]:
    """Register the directives, and what hides rows."""
    _ = registered()
    app.add_directive("function-counts", FunctionCounts)
    app.add_directive("function-table", FunctionTable)
    app.add_directive("method-table", MethodTable)
    app.add_js_file("filter.js")
    return {"parallel_read_safe": True}
