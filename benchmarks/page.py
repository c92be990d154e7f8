"""The page of the documentation: tables of the stored results stand between marks, where `write_page` puts them.

    <!-- results/one-thread.json speed -->
    (the table)
    <!-- end -->

What a table means is written around it, by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from .plots import save_ratios
from .records import load
from .tables import cost_table, peer_table, speed_table

__all__ = ["PAGE", "filled", "write_page"]

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
MARK = re.compile(r"(<!-- (results/\S+\.json) (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
TABLES = {"speed": speed_table, "cost": cost_table, "peers": peer_table}


def filled(text: str) -> str:
    """The text with the tables of the results as they are stored now."""

    def table(match: re.Match[str]) -> str:
        begin, file, kind, end = match.groups()
        run = load(HERE / file)
        return f"{begin}\n{TABLES[kind](run, markdown=True)}\n\n{about(run.environment)}\n\n{end}"

    return MARK.sub(table, text)


def about(environment: dict) -> str:
    """One sentence on where the numbers are from."""
    machine, versions = environment["machine"], environment["versions"]
    names = {"numpy": "NumPy", "scipy": "SciPy", "jax": "JAX", "torch": "PyTorch", "casadi": "CasADi", "asdex": "asdex"}
    libraries = ", ".join(f"{title} {versions[name]}" for name, title in names.items() if name in versions)
    revision = environment["revision"][:10] or "unknown"
    return (
        f"{machine['processor']}, {machine['cores']} cores, load before the run {machine['load'][0]:.1f}; "
        f"threads: {environment['threads']}; {environment['clock']} time; {environment['time'][:10]}, "
        f"revision {revision}; Python {versions['python']}, {libraries}."
    )


def write_page(path: Path = PAGE) -> None:
    """Bring the tables of the page and its picture up to date."""
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    save_ratios(load(HERE / "results" / "one-thread.json"), path.parent / "_static" / "benchmarks.png")
