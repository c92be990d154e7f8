"""The contractions of the benchmarks, and the probe of the machine: right, stored and told; nothing looks at times."""

import threading

import numpy as np
import pytest

from benchmarks import contests as contests_module
from benchmarks.contests import (
    Contest,
    compared,
    contest_summary,
    contest_table,
    contests,
    load_contests,
    save_contests,
)
from benchmarks.contraction import contestants, grid
from benchmarks.probe import ALONE, TOGETHER, TURNS, probes
from benchmarks.records import Row, Run, environment
from benchmarks.tables import best, speed_table

SMALL = [(name, expression, sizes) for name, expression, sizes in grid() if max(sizes.values()) <= 5]


@pytest.mark.parametrize(("name", "expression", "sizes"), SMALL, ids=[f"{row[0]}-{row[1]}" for row in SMALL])
def test_all_contestants_agree(name, expression, sizes):
    works = contestants(expression, sizes)
    assert compared(works) < 1e-12
    shapes = [[sizes[letter] for letter in word] for word in expression.split("->")[0].split(",")]
    generator = np.random.default_rng(0)
    expected = np.einsum(expression, *[generator.standard_normal(shape) for shape in shapes])
    found = works["ours"]()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert found.shape == (expected.shape or (1,))
    assert found.flags.c_contiguous


def test_a_wrong_result_is_an_error():
    with pytest.raises(AssertionError, match=r"results differ by 1\.0e-03"):
        _ = compared({"ours": lambda: np.ones(3), "einsum": lambda: np.array([1, 1, 1.001])})


def test_contests_are_stored_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.measuring.TURN", 0.0)
    rows = [("GEMM", "ij,jk->ik", {"i": 3, "j": 4, "k": 5}), ("inner", "i,i->", {"i": 3})]
    monkeypatch.setattr(contests_module, "grid", lambda: iter(rows))
    told = []
    found = list(contests(repeats=3, report=told.append))
    assert len(told) == 2
    assert all(len(seconds) == 3 for contest in found for seconds in contest.seconds.values())
    assert [contest.name for contest in contests(only="GE", repeats=1, report=told.append)] == ["GEMM"]
    path = tmp_path / "contests.json"
    save_contests(found, environment(1, []), path)
    again, where = load_contests(path)
    assert (again, where["threads"]) == (found, 1)
    assert "| GEMM | `ij,jk->ik` | i3 j4 k5 |" in contest_table(again, markdown=True)


def test_the_ratio_is_that_of_turns_and_meets_its_limit_less_its_spread():
    slow, fast = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, 1.0, 1.0, 1.0]
    contest = Contest("a", "i->i", {"i": 3}, {"ours": [1.1, 1.2, 1.2, 1.3, 1.4], "slow": slow, "fast": fast}, 0.0)
    assert contest.best == "fast"
    assert contest.ratio.median == pytest.approx(1.2)
    assert contest.ratio.spread == pytest.approx(0.1)
    assert contest.met
    assert not Contest("a", "i->i", {"i": 3}, {"ours": [1.2] * 5, "fast": fast}, 0.0).met
    assert "1 contractions that take 0.1 ms or more, 1 meet" in contest_summary([contest])


@pytest.mark.parametrize("threads", [2, 3])
def test_the_probe_takes_every_turn_once(threads):
    before = threading.active_count()
    works = probes(threads)
    assert {name: work.run() for name, work in works.items()} == {ALONE: TURNS, TOGETHER: TURNS}
    assert 1 <= threading.active_count() - before <= threads - 1  # who begins late finds no turn left


def test_the_probe_is_told_beside_rows_of_several_threads_and_is_no_peer():
    seconds = {"hand": [2.0] * 20, "ours-compiled": [1.0] * 20, ALONE: [0.4] * 20, TOGETHER: [0.2] * 20}
    rows = [Row("wave-diagonal", "10^6", name, seconds=found) for name, found in seconds.items()]
    assert best({row.peer: row for row in rows}) is None
    table = speed_table(Run(rows, {"threads": 2}), markdown=True)
    assert "| 0.50 ± 0.00 | 0.50 ± 0.00 | - | - |" in table
    assert "0.5 x hand: 0.50 ± 0.00 met" in table
    assert "machine" not in speed_table(Run(rows[:2], {"threads": 1}))
