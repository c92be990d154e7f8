"""Contests: each contraction of the grid by every library, in turns.

- `contests`: a `Contest` for each contraction; every result is compared before it is timed.
- `save_contests`, `load_contests`: as JSON, with the machine, the versions and the revision.
- `contest_table`, `contest_summary`: a line for each contraction, and how many are within a tenth of the best peer.

A ratio is the median over turns of our time over that of the best peer in the same turn, the best being who has the
least median; its spread is the median absolute deviation of these ratios.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .contraction import contestants, grid
from .measuring import Work, alternate, spread
from .tables import Ratio, laid_out

__all__ = ["LIMIT", "Contest", "contest_summary", "contest_table", "contests", "load_contests", "save_contests"]

LIMIT = 1.10
SMALL = 1e-4  # seconds of the best peer below which a contraction counts as small


@dataclass
class Contest:
    """One contraction at one size.

    Attributes
    ----------
    name, expression : str
    sizes : dict of str to int
        By letter.
    seconds : dict of str to list of float
        Of a call, one for each turn, by the name of the contestant.
    difference : float
        The largest between our result and that of another one, over the largest entry.
    """

    name: str
    expression: str
    sizes: dict[str, int]
    seconds: dict[str, list[float]]
    difference: float

    @property
    def best(self) -> str:
        """The peer with the least median."""
        return min([name for name in self.seconds if name != "ours"], key=self.median)

    @property
    def ratio(self) -> Ratio:
        """Our time over that of the best peer."""
        ours, best = self.seconds["ours"], self.seconds[self.best]
        turns = min(len(ours), len(best))
        ratios = np.array(ours[:turns]) / np.array(best[:turns])
        return Ratio(float(np.median(ratios)), spread(ratios), turns)

    @property
    def met(self) -> bool:
        return self.ratio.median - self.ratio.spread <= LIMIT

    def median(self, name: str) -> float:
        return float(np.median(self.seconds[name]))


def contests(
    *, only: str = "", repeats: int = 25, budget: float = 5.0, clock: str = "elapsed", report: Callable[[str], None]
) -> Iterator[Contest]:
    """Measure the contractions whose name, or expression, holds a text.

    Parameters
    ----------
    only : str
    repeats : int
        Turns.
    budget : float
        Seconds after which a peer gets no more turns.
    clock : "elapsed" or "processor"
    report : callable
        Is told each of them.
    """
    for name, expression, sizes in grid():
        if only not in name and only != expression:
            continue
        works = contestants(expression, sizes)
        difference = compared(works)
        turns = alternate({key: Work(run) for key, run in works.items()}, repeats, budget, clock, exempt=("ours",))
        found = {key: [float(f"{second:.4g}") for second in turn.seconds] for key, turn in turns.items()}
        contest = Contest(name, expression, sizes, found, difference)
        report(f"{name:26}{expression:30}{contest.ratio!s:14}{contest.best}")
        yield contest
        del works
        gc.collect()


def compared(works: dict[str, Callable[[], np.ndarray]]) -> float:
    """The largest difference between our result and another, over the largest entry; an error if it is not small."""
    ours = works["ours"]()
    largest = max(float(np.abs(ours).max()), 1e-300)
    difference = 0.0
    for name, work in works.items():
        if name != "ours":
            difference = max(difference, float(np.abs(work() - ours).max()) / largest)
    if not difference <= 1e-10:
        raise AssertionError(f"results differ by {difference:.1e}")
    return difference


def save_contests(found: Sequence[Contest], environment: dict[str, Any], path: Path) -> None:
    """One contraction a line."""
    lines = ",\n  ".join(json.dumps(asdict(contest)) for contest in found)
    where = json.dumps(environment, indent=1).replace("\n", "\n ")
    path.write_text(f'{{\n "environment": {where},\n "rows": [\n  {lines}\n ]\n}}\n', encoding="utf-8")


def load_contests(path: Path) -> tuple[list[Contest], dict[str, Any]]:
    """What `save_contests` wrote: the contests, and where they were held."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return [Contest(**row) for row in found["rows"]], found["environment"]


def contest_table(found: Sequence[Contest], markdown: bool = False) -> str:
    """A line for each contraction: microseconds of ours and of the best peer, and the ratio."""
    header = ("contraction", "expression", "sizes", "ours us", "best peer us", "which", "ours / best", "1.1 x best")
    lines = []
    for contest in found:
        words = " ".join([f"{letter}{size}" for letter, size in contest.sizes.items()])
        expression = f"`{contest.expression}`" if markdown else contest.expression
        ours, best = [f"{1e6 * contest.median(name):.4g}" for name in ("ours", contest.best)]
        verdict = "met" if contest.met else "missed"
        lines.append((contest.name, expression, words, ours, best, contest.best, str(contest.ratio), verdict))
    return laid_out(header, lines, markdown)


def contest_summary(found: Sequence[Contest]) -> str:
    """One line for the small ones, one for the large ones."""
    lines = []
    for small in (True, False):
        group = [contest for contest in found if (contest.median(contest.best) < SMALL) == small]
        if not group:
            continue
        ratios = np.array([contest.ratio.median for contest in group])
        met = sum([contest.met for contest in group])
        kind = "less than 0.1 ms" if small else "0.1 ms or more"
        mean = float(np.exp(np.mean(np.log(ratios))))
        lines.append(
            f"Of {len(group)} contractions that take {kind}, {met} meet 1.1 x the best peer; the geometric mean of the "
            f"ratios is {mean:.2f}, the largest {ratios.max():.2f}."
        )
    return "\n".join(lines)
