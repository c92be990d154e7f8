"""A run as data: rows with their samples, the machine, the versions, the revision; written as JSON and read back."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Row", "Run", "environment", "load", "save"]

PACKAGES = (
    "jacobians",
    "numpy",
    "scipy",
    "opt_einsum",
    "jax",
    "jaxlib",
    "torch",
    "autograd",
    "casadi",
    "cotengra",
    "asdex",
    "sparsejac",
    "backpack-for-pytorch",
    "neural-tangents",
)
FORMAT = 1


@dataclass
class Row:
    """One peer at one problem and size.

    Attributes
    ----------
    problem, size, peer : str
    status : str
        ``"ok"``, ``"skipped"`` (not installed, or without a way to ask), ``"failed"`` (an error) or ``"wrong"``.
    note : str
        Why.
    difference : float, optional
        From the reference, relative.
    first : float, optional
        Seconds of the first call: building and computing, imports done.
    seconds : list of float
        Of a call, one for each turn, in turns with the other peers.
    calls : int
        In each turn.
    cores : float
        Processor time over elapsed time.
    peak : int, optional
        Bytes that NumPy and Python allocate at most at a time.
    result_bytes, input_bytes : int
    multiplications, largest_intermediate : int, optional
        By the library's plan.
    """

    problem: str
    size: str
    peer: str
    status: str = "ok"
    note: str = ""
    difference: float | None = None
    first: float | None = None
    seconds: list[float] = field(default_factory=list)
    calls: int = 0
    cores: float = 0.0
    peak: int | None = None
    result_bytes: int | None = None
    input_bytes: int | None = None
    multiplications: int | None = None
    largest_intermediate: int | None = None

    @property
    def median(self) -> float | None:
        """Seconds of a call, the median of all turns."""
        return float(np.median(self.seconds)) if self.seconds else None


@dataclass
class Run:
    """Rows, and where they come from."""

    rows: list[Row]
    environment: dict[str, Any]

    def cases(self) -> Iterator[tuple[tuple[str, str], dict[str, Row]]]:
        """Each ``(problem, size)`` with its rows by the name of the peer, in the order of the run."""
        grouped: dict[tuple[str, str], dict[str, Row]] = {}
        for row in self.rows:
            grouped.setdefault((row.problem, row.size), {})[row.peer] = row
        yield from grouped.items()

    @property
    def threads(self) -> int:
        return int(self.environment.get("threads", 1))


def environment(threads: int, arguments: Sequence[str], clock: str = "elapsed") -> dict[str, Any]:
    """The machine, the versions, the revision and the command, as far as they can be told."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": ["python", "-m", "benchmarks", *arguments],
        "threads": threads,
        "clock": clock,
        "revision": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--", "jacobians", "benchmarks")),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        },
        "versions": {"python": platform.python_version(), "blas": _blas(), **_versions()},
    }


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', '')} {blas.get('version', '')}".strip()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def save(run: Run, path: Path) -> None:
    """Write a run; seconds keep four digits, which is more than the clock tells."""
    rows = []
    for row in run.rows:
        entry = {key: value for key, value in asdict(row).items() if value not in (None, "", [])}
        entry["seconds"] = [float(f"{s:.4g}") for s in row.seconds]
        rows.append(entry)
    # One row a line, so that a comparison of two files shows which rows changed.
    lines = ",\n  ".join(json.dumps(entry) for entry in rows)
    where = json.dumps(run.environment, indent=1).replace("\n", "\n ")
    text = f'{{\n "format": {FORMAT},\n "environment": {where},\n "rows": [\n  {lines}\n ]\n}}\n'
    path.write_text(text, encoding="utf-8")


def load(path: Path) -> Run:
    """Read a run that `save` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.get("format") != FORMAT:
        sys.exit(f"{path}: format {found.get('format')!r} is not {FORMAT}; run the benchmarks again.")
    return Run([Row(**row) for row in found["rows"]], found["environment"])
