"""The benchmarks: every problem at a tiny size is right by hand and by this library, and runs are stored and compared.

Nothing here looks at how long anything took. What is not installed is skipped by the runner itself, with a word.
"""

import json

import numpy as np
import pytest
import scipy.sparse

import jacobians as jac
from benchmarks import __main__ as command_line
from benchmarks.comparing import comparison
from benchmarks.further import FURTHER
from benchmarks.measuring import Work, alternate, bytes_of, first_call, peak_bytes, spread
from benchmarks.page import CONTRACTIONS, PAGE, filled
from benchmarks.peers import PEERS, unavailable
from benchmarks.peers.peer import Peer
from benchmarks.plots import save_ratios
from benchmarks.problem import Target
from benchmarks.problems import PROBLEMS
from benchmarks.records import Row, Run, environment, load, save
from benchmarks.references import (
    check_block_hessian,
    check_gradient,
    check_hessian,
    check_hessian_diagonal,
    check_hessian_product,
    check_jacobian,
    check_matrix,
    second,
)
from benchmarks.runner import TOLERANCE, planned, run_case, run_problems
from benchmarks.tables import best, cost_table, further_table, peer_table, ratio, speed_table, verdict

OURS = [peer for peer in PEERS if peer.name in ("hand", "ours")]
LIGHT = [peer for peer in PEERS if peer.name in ("autograd", "casadi")]  # the others take seconds to import or to trace
EVERY = PROBLEMS | FURTHER


def tiny(name):
    (sizes,) = EVERY[name].small.values()
    return EVERY[name].make(**sizes)


def test_no_two_problems_have_one_name():
    assert not PROBLEMS.keys() & FURTHER.keys()


@pytest.fixture
def quiet():
    """A report that keeps what it is told."""
    lines = []
    return lines, lines.append


@pytest.mark.parametrize("name", EVERY)
def test_the_derivative_by_hand_agrees_with_the_reference(name):
    case = tiny(name)
    assert case.check(case.hand(*case.arguments)) < TOLERANCE


@pytest.mark.parametrize("name", EVERY)
def test_our_derivative_agrees_with_the_reference(name):
    case = tiny(name)
    assert case.check(case.ours(*case.arguments)) < TOLERANCE


@pytest.mark.parametrize("name", FURTHER)
def test_our_derivative_compiled_agrees_with_the_reference(name):
    case = tiny(name)
    assert case.check(jac.compile(case.ours)(*case.arguments)) < TOLERANCE


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_tells_its_plan(name):
    case = tiny(name)
    assert case.plan is not None
    multiplications, largest = planned(case.plan(), case.arguments)
    assert multiplications is None or multiplications >= 0
    assert largest <= 2 * sum([argument.nbytes for argument in case.arguments]) + bytes_of(case.hand(*case.arguments))


def broken(result):
    """The same with its largest number doubled, or with a larger Jacobian."""
    if isinstance(result, tuple):
        sizes = [np.max(np.abs(part)) for part in result]
        largest = int(np.argmax(sizes))
        return tuple([broken(part) if n == largest else part for n, part in enumerate(result)])
    if scipy.sparse.issparse(result):
        entries = result.tocsr(copy=True)
        entries.data[np.argmax(np.abs(entries.data))] *= 2
        return entries
    if not isinstance(result, np.ndarray):
        return result * 2
    wrong = result.copy()
    wrong.flat[np.argmax(np.abs(wrong))] *= 2
    return wrong


SAMPLED = {"tangent-kernel", "mlp-norms"}  # their references look at some columns and rows only


@pytest.mark.parametrize("name", [name for name in EVERY if name not in SAMPLED])
def test_the_reference_sees_one_wrong_number(name):
    case = tiny(name)
    answer = case.ours if name == "product-terms" else case.hand
    assert case.check(broken(answer(*case.arguments))) > TOLERANCE


@pytest.mark.parametrize("name", sorted(SAMPLED))
def test_the_reference_sees_a_wrong_scale(name):
    case = tiny(name)
    assert case.check(1.001 * case.hand(*case.arguments)) > TOLERANCE


@pytest.mark.parametrize("name", [name for name in EVERY if "-terms" not in name and "-core" not in name])
def test_the_reference_refuses_a_wrong_shape(name):
    case = tiny(name)
    answer = case.hand(*case.arguments)
    wrong = tuple([np.stack([part, part]) for part in answer]) if isinstance(answer, tuple) else answer
    wrong = wrong.reshape(-1, 1) if isinstance(answer, np.ndarray) else wrong
    wrong = wrong[:-1] if scipy.sparse.issparse(answer) else wrong
    assert not case.check(wrong) <= TOLERANCE


@pytest.mark.parametrize("name", EVERY)
def test_a_problem_is_seeded(name):
    for left, right in zip(tiny(name).arguments, tiny(name).arguments, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", EVERY)
def test_an_answer_does_not_change_the_arguments(name):
    case = tiny(name)
    before = [np.copy(argument) for argument in case.arguments]
    for answer in (case.hand, case.ours):
        assert answer(*case.arguments) is not None
    for left, right in zip(before, case.arguments, strict=True):
        np.testing.assert_array_equal(left, right)


ASKED = [pytest.param(name, peer, id=f"{name}-{peer.name}") for name in PROBLEMS for peer in LIGHT]


@pytest.mark.parametrize(("name", "peer"), [pair for pair in ASKED if pair.values[1].answers(tiny(pair.values[0]))])
def test_a_light_peer_agrees_with_the_reference(name, peer):
    case = tiny(name)
    if unavailable(peer):
        pytest.skip(f"{peer.name}: {unavailable(peer)}")
    rows = run_case(name, "small", case, [peer], repeats=1)
    assert [(row.peer, row.note) for row in rows if row.status in ("failed", "wrong")] == []


def test_the_references_know_derivatives_in_closed_form():
    x, A = np.array([0.3, -1.2, 2.0]), np.arange(6.0).reshape(2, 3)
    assert check_gradient(lambda x: np.sum(x**3), (x,), 0, 3 * x**2) < 1e-14
    assert check_gradient(lambda A, x: A @ x, (A, x), (1,), (A,)) < 1e-14
    assert check_jacobian(lambda x: np.sin(A @ x), (x,), 0, np.cos(A @ x)[:, None] * A) < 1e-14
    assert check_matrix(lambda x: x**2, (x,), 0, scipy.sparse.diags_array(2 * x)) < 1e-14
    assert check_hessian(lambda x: np.sum(np.exp(x)), (x,), 0, np.diag(np.exp(x))) < 1e-9
    assert check_hessian_diagonal(lambda x: np.sum(np.exp(x)), (x,), 0, np.exp(x)) < 1e-9
    assert check_hessian_product(lambda x: np.sum(np.exp(x)), (x, A[1]), 0, np.exp(x) * A[1]) < 1e-9
    blocks = np.stack([np.diag(row) for row in 6 * A])
    assert check_block_hessian(lambda A: np.sum(A**3), (A,), 0, blocks) < 1e-9
    assert second(lambda x: np.prod(x), (x,), 0, np.eye(3)[0], np.eye(3)[1]) == pytest.approx(2.0, rel=1e-10)


@pytest.fixture(scope="module")
def run():
    """Two problems, measured with three turns."""
    rows = run_problems(
        [PROBLEMS["affine"], PROBLEMS["rosenbrock"]], sizes="small", peers=OURS, repeats=3, report=lambda line: None
    )
    return Run(rows, environment(1, ["run", "affine", "rosenbrock"]))


def test_a_run_measures_every_way(run):
    timed = {(row.problem, row.peer) for row in run.rows if row.status == "ok"}
    assert {(name, way) for name in ("affine", "rosenbrock") for way in ("hand", "ours")} <= timed
    for row in run.rows:
        if row.status == "ok":
            assert len(row.seconds) == 3
            assert min(row.seconds) > 0
            assert row.first is not None
            assert row.difference is not None
            assert row.peak is not None
        else:
            assert row.note
    sparse = next(row for row in run.rows if row.problem == "rosenbrock" and row.peer == "ours")
    assert sparse.result_bytes == 16 * 8 + 16 * 4 + 7 * 4
    assert sparse.multiplications is not None


def test_a_run_is_stored_and_read_back(run, tmp_path):
    save(run, tmp_path / "run.json")
    found = load(tmp_path / "run.json")
    assert found.environment == run.environment
    assert [(row.problem, row.peer, row.status, row.note) for row in found.rows] == [
        (row.problem, row.peer, row.status, row.note) for row in run.rows
    ]
    for left, right in zip(run.rows, found.rows, strict=True):
        np.testing.assert_allclose(left.seconds, right.seconds, rtol=1e-3)
    about = found.environment
    assert {"python", "numpy", "scipy", "jacobians"} <= about["versions"].keys()
    assert {"system", "processor", "cores"} <= about["machine"].keys()
    assert about["command"][:3] == ["python", "-m", "benchmarks"]


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"format": 0}), encoding="utf-8")
    with pytest.raises(SystemExit, match="format 0 is not"):
        _ = load(path)


def test_the_tables_name_every_case_and_way(run):
    text = speed_table(run)
    assert all(name in text for name in ("affine", "rosenbrock", "2 x hand"))
    assert speed_table(run, markdown=True).startswith("| problem |")
    assert all(name in cost_table(run) for name in ("affine", "rosenbrock", "multiplications"))
    assert all(row.peer in peer_table(run) for row in run.rows)


def test_the_table_of_further_problems_counts_those_that_keep_to_what_is_expected():
    def rows_of_one(name, seconds):
        return [Row(name, "s", "hand", seconds=[1.0] * 3), Row(name, "s", "ours-compiled", seconds=[seconds] * 3)]

    text = further_table(Run([*rows_of_one("a", 1.2), *rows_of_one("b", 2.0)], {}))
    assert text.startswith("At most 1.5 times by hand: 1 of 2. Half of them: at most 1.60 times; the worst: 2.00.")


def test_a_picture_is_drawn(run, tmp_path):
    save_ratios(run, tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 1000


@pytest.mark.parametrize("page", [PAGE, CONTRACTIONS], ids=["benchmarks", "contractions"])
def test_the_page_shows_the_stored_results(page):
    text = page.read_text(encoding="utf-8")
    assert "<!-- results/" in text
    assert filled(text) == text, "run: python -m benchmarks page"


def rows_of(**seconds):
    return {name.replace("_", "-"): Row("p", "s", name.replace("_", "-"), seconds=s) for name, s in seconds.items()}


def test_a_ratio_is_taken_turn_by_turn():
    rows = rows_of(hand=[1.0, 10.0, 1.0], ours=[2.0, 20.0, 3.0])
    found = ratio(rows["ours"], rows["hand"])
    assert found is not None
    assert (found.median, found.spread, found.turns) == (2.0, 0.0, 3)
    assert ratio(rows["ours"], None) is None


def test_a_target_is_met_within_the_spread_over_twenty_turns():
    ours = [1.0, 1.2] * 10
    rows = rows_of(hand=[1.0] * 20, ours=[5.0] * 20, ours_compiled=ours, jax=[0.5] * 20, jax_expert=[0.4] * 20)
    assert verdict(rows, Target(1.0), 1) == "1 x hand: 1.10 ± 0.10 met"
    assert verdict(rows, Target(0.9), 1) == "0.9 x hand: 1.10 ± 0.10 missed"
    assert verdict(rows, Target(1.0, "jax"), 1) == "1 x jax: 2.75 ± 0.25 missed"
    assert verdict(rows, Target(1.0, threads=2), 1) == "1 x hand: with 2 threads"
    assert verdict(rows, Target(1.0, "torch"), 1) == "1 x torch: not measured"
    few = rows_of(hand=[1.0] * 3, ours=[1.0] * 3)
    assert verdict(few, Target(1.0), 1) == "1 x hand: 1.00 ± 0.00, 3 turns only (eager)"
    peer = best(rows)
    assert peer is not None
    assert peer.peer == "jax-expert"


def test_a_comparison_says_what_changed():
    def made(ours, revision):
        rows = rows_of(hand=[1.0] * 3, ours=ours)
        return Run([*rows.values(), Row("p", "s", "jax", "skipped", "not installed (jax)")], {"revision": revision})

    text = comparison(made([2.0] * 3, "a"), made([1.0] * 3, "b"))
    assert "faster by 2.00" in text
    assert "level" in text
    assert "p [s] jax: skipped (not installed (jax)), then skipped" in text
    assert "revision: a, then b" in text


def test_works_take_turns():
    order = []
    works = {name: Work(lambda name=name: order.append(name) or sum(range(200_000))) for name in "abc"}
    turns = alternate(works, repeats=3)
    assert [turns[name].calls for name in "abc"] == [1, 1, 1]
    warm, *drawn = ["".join(order[n : n + 3]) for n in range(0, 12, 3)]
    assert warm == "abc"
    assert [sorted(turn) for turn in drawn] == [["a", "b", "c"]] * 3
    assert len(set(drawn)) > 1  # nobody always comes after the same one
    assert all(len(turns[name].seconds) == 3 for name in "abc")


def test_a_slow_work_gets_fewer_turns():
    turns = alternate({"slow": Work(lambda: sum(range(100_000)))}, repeats=9, budget=0.0)
    assert len(turns["slow"].seconds) == 3


def test_the_first_call_includes_building():
    built = []

    def build():
        built.append(1)
        return Work(lambda: len(built))

    work, result, seconds = first_call(build)
    assert (work.run(), result) == (1, 1)
    assert seconds > 0


def test_the_peak_counts_arrays():
    assert 800_000 <= peak_bytes(Work(lambda: np.ones(100_000))) < 900_000
    assert bytes_of([np.zeros(2), (np.zeros(3),), 1.0]) == 40
    assert spread([5.0]) == 0.0


def ways_of(work):
    return Peer("peer", (), lambda case: True, lambda problem, case: {"peer": work})


def test_what_a_peer_raises_is_a_row_and_the_others_go_on():
    def refuses():
        raise NotImplementedError("it has no way")

    def fails():
        raise ValueError("one line\nand more")

    case = tiny("affine")
    wrong = Work(lambda: (np.zeros((2, 2)), np.zeros(2)))
    peers = [ways_of(refuses), ways_of(fails), ways_of(lambda: wrong), OURS[0]]
    rows = run_case("affine", "2 x 2", case, peers, repeats=1)
    assert [row.status for row in rows] == ["skipped", "failed", "wrong", "ok"]
    assert rows[0].note == "NotImplementedError: it has no way"
    assert rows[1].note == "ValueError: one line"
    assert "differs by" in rows[2].note
    assert [len(row.seconds) for row in rows] == [0, 0, 0, 1]


def test_a_peer_that_is_not_installed_is_skipped_with_a_word():
    peer = Peer("ghost", ("a_module_that_is_not_there",), lambda case: True, lambda problem, case: {})
    (row,) = run_case("affine", "2 x 2", tiny("affine"), [peer])
    assert (row.status, row.note) == ("skipped", "not installed (a_module_that_is_not_there)")


def test_the_command_line_runs_and_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(command_line.MARK, "1")
    first, second_ = tmp_path / "one.json", tmp_path / "two.json"
    for path in (first, second_):
        given = ["run", "affine", "--sizes", "small", "--peers", "hand,ours", "--repeats", "2", "--out", str(path)]
        assert command_line.main(given) == 0
    assert command_line.main(["table", str(first)]) == 0
    assert command_line.main(["table", str(first), "--peers", "--markdown"]) == 0
    assert command_line.main(["compare", str(first), str(second_)]) == 0
    assert command_line.main(["plot", str(first)]) == 0
    assert first.with_suffix(".png").exists()
    text = capsys.readouterr().out
    assert text.count("affine [2 x 2] hand") == 2
    assert "| affine | 2 x 2 | hand |" in text


def test_an_unknown_problem_is_named(monkeypatch, capsys):
    monkeypatch.setenv(command_line.MARK, "1")
    assert command_line.main(["run", "affin"]) == 2
    assert "There is no problem affin. There are: affine, " in capsys.readouterr().err


def test_the_list_names_problems_and_peers(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.peers.PEERS", OURS)
    assert command_line.main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in EVERY)
    assert "takes part" in text


def test_all_further_problems_run_by_one_name(monkeypatch, capsys):
    monkeypatch.setenv(command_line.MARK, "1")
    monkeypatch.setattr("benchmarks.further.FURTHER", {"triplet": FURTHER["triplet"]})
    assert command_line.main(["run", "further", "--sizes", "small", "--peers", "hand", "--repeats", "1"]) == 0
    assert "triplet [" in capsys.readouterr().out
