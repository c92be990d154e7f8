"""Run problems with peers: the first call, the comparison with the reference, then turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .measuring import Work, alternate, bytes_of, first_call, peak_bytes
from .peers import PEERS, Peer, unavailable
from .probe import probes
from .problem import Case, Problem
from .records import Row

__all__ = ["TOLERANCE", "run_case", "run_problems"]

TOLERANCE = 1e-6  # relative; the references are exact to 1e-8 or better

Report = Callable[[str], None]


def run_problems(
    problems: Sequence[Problem],
    *,
    sizes: str = "full",
    peers: Sequence[Peer] = PEERS,
    names: Sequence[str] = (),
    repeats: int = 25,
    budget: float = 30.0,
    clock: str = "elapsed",
    threads: int = 1,
    report: Report = print,
    keep: Callable[[list[Row]], None] = lambda rows: None,
) -> list[Row]:
    """Measure each problem at each of its sizes.

    Parameters
    ----------
    problems : sequence of Problem
    sizes : str
        ``"full"`` or ``"small"``.
    peers : sequence of Peer
    names : sequence of str
        Which ways to measure, by the beginning of their names; all, if empty.
    repeats : int
        Turns.
    budget : float
        Seconds after which a way gets no more turns; those by hand and compiled get all that the targets ask for.
    clock : "elapsed" or "processor"
    threads : int
        How many each library may use; above one, probes tell what the machine gives so many.
    report : callable
        Is told each row.
    keep : callable
        Is given all rows so far after each case, so that a run that is cut off is not lost.
    """
    rows = []
    for problem in problems:
        for label, numbers in problem.sizes(sizes).items():
            case = problem.make(**numbers)
            found = run_case(problem.name, label, case, peers, names, repeats, budget, clock, threads)
            for row in found:
                report(line(row))
            rows += found
            keep(rows)
            del case
            gc.collect()
    return rows


def run_case(
    problem: str,
    size: str,
    case: Case,
    peers: Sequence[Peer],
    names: Sequence[str] = (),
    repeats: int = 25,
    budget: float = 30.0,
    clock: str = "elapsed",
    threads: int = 1,
) -> list[Row]:
    """One row for each way of each peer that can be asked."""
    rows, works = [], {}
    for peer in peers:
        missing = unavailable(peer)
        if missing:
            if wanted(peer.name, names) and peer.answers(case):
                rows.append(Row(problem, size, peer.name, "skipped", missing))
            continue
        for name, build in peer.ways(problem, case).items():
            if wanted(name, names):
                row, work = start(Row(problem, size, name), case, build, clock)
                rows.append(row)
                if work is not None:
                    works[name] = work
    if threads > 1:
        for name, work in probes(threads).items():
            rows.append(Row(problem, size, name, note="what the machine gives"))
            works[name] = work
    timed = alternate(works, repeats, budget, clock, exempt=("hand", "ours-compiled"))
    for row in rows:
        if row.peer in timed:
            row.seconds, row.calls, row.cores = timed[row.peer]
    return rows


def wanted(name: str, names: Sequence[str]) -> bool:
    return not names or any(name == chosen or name.startswith(f"{chosen}-") for chosen in names)


def start(row: Row, case: Case, build: Callable[[], Work], clock: str) -> tuple[Row, Work | None]:
    """The first call of a way, compared with the reference; no work if it fails or is wrong."""
    try:
        work, result, row.first = first_call(build, clock)
        row.result_bytes, row.input_bytes = bytes_of(result), bytes_of(case.arguments)
        row.difference = float(case.check(work.read(result)))
    except NotImplementedError as reason:
        row.status, row.note = "skipped", said(reason)
        return row, None
    except Exception as error:  # whatever a peer raises is a result, and the others go on
        row.status, row.note = "failed", said(error)
        return row, None
    del result
    if not row.difference <= TOLERANCE:
        row.status, row.note = "wrong", f"differs by {row.difference:.1e} from the reference"
        return row, None
    if row.peer in ("hand", "autograd") or row.peer.startswith("ours"):
        row.peak = peak_bytes(work)
    if row.peer.startswith("ours") and case.plan is not None:
        try:
            row.multiplications, row.largest_intermediate = planned(case.plan(), case.arguments)
        except Exception as error:  # the answer is right all the same
            row.note = f"no plan: {said(error)}"
    return row, work


def said(error: BaseException) -> str:
    """The first line of an error, with its type."""
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}"[:300]


def planned(found: Any, given: Sequence[Any] = ()) -> tuple[int | None, int]:
    """Multiplications and the largest intermediate of a plan, or of the Jacobians of one function.

    Of products of Jacobians, in a list, the largest of any; what these share is multiplied once, which no plan tells.
    Only their diagonals are asked for, so what a product holds, but what was given, is an intermediate, too.
    """
    if isinstance(found, list):
        held = [factor.array for J in found for term in J.terms for factor in term.factors]
        made = [array.nbytes for array in held if not any([np.array_equal(array, other) for other in given])]
        return None, max([*made, *[J.plan.largest_intermediate for J in found]])
    if not hasattr(found, "multiplications"):  # a plan is a tuple, too
        found = (found[0] if isinstance(found, tuple) else found).plan
    return found.multiplications, found.largest_intermediate


def line(row: Row) -> str:
    """A row for a terminal."""
    name = f"{row.problem} [{row.size}] {row.peer}"
    if row.status == "ok" and row.median is not None and row.first is None:
        return f"{name:58} {1e3 * row.median:10.3f} ms   {row.note}"
    if row.status != "ok" or row.median is None or row.first is None:
        return f"{name:58} {row.status}: {row.note}"
    return f"{name:58} {1e3 * row.median:10.3f} ms   first {1e3 * row.first:9.1f} ms   differs by {row.difference:.0e}"
