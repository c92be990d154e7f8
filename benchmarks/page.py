"""The pages of the documentation: tables of the stored results stand between marks, where `write_pages` puts them.

    <!-- results/one-thread.json speed -->
    (the table)
    <!-- end -->

What a table means is written around it, by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from .contests import contest_summary, contest_table, load_contests
from .operations import operation_table
from .plots import save_ratios
from .profiling import profile_tables
from .records import load
from .tables import cost_table, further_table, peer_table, speed_table

__all__ = ["CONTRACTIONS", "PAGE", "PROFILES", "filled", "write_pages"]

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
PROFILES = HERE.parent / "docs" / "profiles.md"
CONTRACTIONS = HERE.parent / "docs" / "contractions.md"
MARK = re.compile(r"(<!-- (results/\S+\.json) (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
LIBRARIES = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "jax": "JAX",
    "torch": "PyTorch",
    "casadi": "CasADi",
    "asdex": "asdex",
}
CONTRACTING = {"numpy": "NumPy", "opt_einsum": "opt_einsum", "cotengra": "cotengra"}
TABLES = {"speed": speed_table, "cost": cost_table, "peers": peer_table, "further": further_table}


def filled(text: str) -> str:
    """The text with the tables of the results as they are stored now."""

    def part(match: re.Match[str]) -> str:
        begin, file, kind, end = match.groups()
        if kind == "profiles":
            after = json.loads((HERE / file).read_text(encoding="utf-8"))
            before = json.loads((HERE / file.replace("after", "before")).read_text(encoding="utf-8"))
            return f"{begin}\n{profile_tables(before, after)}\n{end}"
        if kind == "contractions":
            contests, environment = load_contests(HERE / file)
            told = f"{contest_summary(contests)}\n\n{contest_table(contests, markdown=True)}"
            return f"{begin}\n{told}\n\n{about(environment, CONTRACTING)}\n\n{end}"
        if kind == "operations":
            after = json.loads((HERE / file).read_text(encoding="utf-8"))
            before = json.loads((HERE / file.replace("after", "before")).read_text(encoding="utf-8"))
            table = operation_table(before["microseconds"], after["microseconds"])
            return f"{begin}\n{table}\n\n{about(after['environment'])}\n\n{end}"
        run = load(HERE / file)
        return f"{begin}\n{TABLES[kind](run, markdown=True)}\n\n{about(run.environment)}\n\n{end}"

    return MARK.sub(part, text)


def about(environment: dict, names: Mapping[str, str] = LIBRARIES) -> str:
    """One sentence on where the numbers are from."""
    machine, versions = environment["machine"], environment["versions"]
    libraries = ", ".join(f"{title} {versions[name]}" for name, title in names.items() if name in versions)
    revision = environment["revision"][:10] or "unknown"
    return (
        f"{machine['processor']}, {machine['cores']} cores, load before the run {machine['load'][0]:.1f}; "
        f"threads: {environment['threads']}; {environment['clock']} time; {environment['time'][:10]}, "
        f"revision {revision}; Python {versions['python']}, {libraries}."
    )


def write_pages() -> None:
    """Bring the tables of the pages and the picture up to date."""
    for path in (PAGE, PROFILES, CONTRACTIONS):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    save_ratios(load(HERE / "results" / "one-thread.json"), PAGE.parent / "_static" / "benchmarks.png")
