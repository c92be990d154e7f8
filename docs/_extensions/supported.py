"""The directive ``{supported-functions}``: the registry, counted and listed by verb, when the site is built."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from docutils import nodes
from scipy import special
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
    """The public names of all registered functions, sorted, under the verb that states them."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in registered().values():
        name = function_name(rule.function)
        if getattr(special, name, None) is rule.function:
            name = f"scipy.special.{name}"
        if name.startswith(("np.", "scipy.")):  # the others are this library's own
            found[rule.kind].add(name)
    return {kind: sorted(found[kind]) for kind in MEANING if kind in found}


class SupportedFunctions(SphinxDirective):
    """A table of the verbs, and the functions that each states."""

    def run(self) -> list[nodes.Node]:
        by_kind = functions_by_kind()
        lines = ["| verb | what is stated | functions |", "| --- | --- | --: |"]
        lines += [f"| `{kind}` | {MEANING[kind]} | {len(names)} |" for kind, names in by_kind.items()]
        lines += [f"| | together | {sum(map(len, by_kind.values()))} |"]
        for kind, names in by_kind.items():
            lines += ["", f"`{kind}`", f": {', '.join(f'`{name}`' for name in names)}"]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("supported-functions", SupportedFunctions)
    return {"parallel_read_safe": True}
