"""The directive ``{supported-functions}``: a table of the registry, made when the site is built."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import jacobians  # noqa: F401  # loads the rules
from jacobians.registry import function_name, registered

MEANING = {
    "elementwise": "a partial for each operand, entry by entry",
    "multilinear": "the labels of each operand and of the result",
    "gather": "entries move; the function itself tells where",
    "local": "the local Jacobian as terms",
    "composed": "runs as a definition made of others",
    "nondifferentiable": "constant almost everywhere, or no real array",
    "unsupported": "refused, with a reason",
}


def functions_by_kind() -> dict[str, list[str]]:
    """The names of all registered functions, sorted, under the verb that states them."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in registered().values():
        found[rule.kind].add(function_name(rule.function))
    return {kind: sorted(found[kind]) for kind in MEANING if kind in found}


class SupportedFunctions(SphinxDirective):
    """A table with one row for each verb: how many functions it states, and which."""

    def run(self) -> list[nodes.Node]:
        rows = ["| verb | states | functions |", "| --- | --- | --- |"]
        for kind, names in functions_by_kind().items():
            rows.append(f"| `{kind}` ({len(names)}) | {MEANING[kind]} | {', '.join(f'`{name}`' for name in names)} |")
        return self.parse_text_to_nodes("\n".join(rows))


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("supported-functions", SupportedFunctions)
    return {"parallel_read_safe": True}
