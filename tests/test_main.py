"""The studies of ``python -m jacobians`` on small inputs, and all of them once as a user runs them."""

import subprocess
import sys
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from jacobians import __main__, plotting
from jacobians.checking import numerical_columns, numerical_jacobian
from jacobians.reports import affine_lesson, bundle_report, compare, load_problem, network_report
from jacobians.reports.bundle import Problem, project, rotate
from jacobians.reports.comparison import Comparison, curves
from jacobians.reports.table import seconds, table


def small_problem(cameras: int = 3, points: int = 5, observations: int = 11) -> Problem:
    """A bundle adjustment in which some cameras and points are seen more than once."""
    whole = load_problem()
    seen = np.arange(observations)
    return Problem(
        whole.cameras[:cameras],
        whole.points[:points],
        whole.weights[:observations],
        seen % cameras,
        seen % points,
        whole.features[:observations],
    )


def test_the_lesson_has_the_numbers_of_the_formula():
    lesson = affine_lesson()
    np.testing.assert_allclose(lesson.gradients[0], [[-6.0, -12.0], [6.0, 12.0]], rtol=1e-15)
    np.testing.assert_allclose(lesson.gradients[1], [-6.0, 6.0], rtol=1e-15)
    assert lesson.before == 18.0
    assert lesson.after == pytest.approx(2.88)
    text = str(lesson)
    assert "dL/dW = 2 (W x + b) x^T" in text
    assert "[[-6.0, -12.0], [6.0, 12.0]]" in text
    assert "falls from 18 to 2.88" in text


def test_rotate_is_rodrigues_formula():
    generator = np.random.default_rng(0)
    rotations, points = generator.standard_normal((2, 20, 3))
    np.testing.assert_allclose(rotate(rotations, points), Rotation.from_rotvec(rotations).apply(points), atol=1e-14)


def test_rotate_by_zero_is_the_first_order_limit():
    zero, point = np.zeros((1, 3)), np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(rotate(zero, point), point)
    derivative = numerical_jacobian(lambda v: rotate(v[None], point)[0], zero[0])
    np.testing.assert_allclose(derivative, np.cross(np.eye(3), point).T, atol=1e-9)


def test_project_distorts_and_scales():
    camera = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, -2.0, 100.0, 5.0, 7.0, 0.1, 0.01]])
    u = np.array([0.5, 0.25])
    r2 = u @ u
    expected = u * (1 + 0.1 * r2 + 0.01 * r2**2) * 100 + [5, 7]
    np.testing.assert_allclose(project(camera, np.array([[1.0, 0.5, 0.0]])), expected[None])


def test_the_problem_is_adbench_ba1_and_not_degenerate():
    problem = load_problem()
    assert problem.unknowns.shape == (55710,)
    residuals = problem.residuals(problem.unknowns)
    assert residuals.shape == (95529,)
    assert np.isfinite(residuals).all()
    assert len(np.unique(problem.cameras[:, 0])) == 49
    np.testing.assert_allclose(problem.cameras.mean(axis=0)[6], 419.194514, rtol=0.01)


def test_a_small_bundle_has_the_jacobian_of_central_differences():
    problem = small_problem()
    report = bundle_report(problem, numerical_columns, columns=9)
    expected = numerical_jacobian(problem.residuals, problem.unknowns)
    np.testing.assert_allclose(report.matrix.toarray(), expected, atol=1e-5, rtol=1e-5)
    assert report.columns == 9
    assert report.difference < 1e-7
    assert report.matrix.nnz == 29 * 11
    assert "33 x 59" in str(report)


def test_the_bundle_report_tells_a_wrong_oracle():
    def wrong(f, x, positions):
        return 1.5 * numerical_columns(f, x, positions)

    assert bundle_report(small_problem(), wrong, columns=3).difference > 0.1


def test_the_network_stays_lazy_over_the_limit():
    messages = []
    report = network_report((2, 4), repeats=1, memory_limit=300_000, progress=messages.append)
    assert messages == ["network: batch 2", "network: batch 4"]
    assert [row.dense for row in report.comparisons] == [8 * 10 * 784 * batch**2 for batch in (2, 4)]
    assert all(row.difference < 1e-6 for row in report.comparisons)
    assert report.automatic == ["explicit", "lazy"]
    assert "auto" in str(report)


def test_compare_measures_a_diagonal():
    row = compare(np.tanh, np.linspace(0.0, 1.0, 100), repeats=1)
    assert row.dense == 80_000
    assert row.explicit < 2_000
    assert row.difference < 1e-8
    assert min(row.build, row.explicit_product, row.lazy_product) > 0


def test_the_crossing_is_where_building_has_paid_off():
    row = Comparison("", 0, 0, 0, build=1.0, explicit_product=0.25, lazy_product=0.5, difference=0.0)
    assert row.crossing == 4
    assert row.cells[-1] == "4 products"
    assert row._replace(lazy_product=0.25).cells[-1] == "never"
    assert curves([row, row], {"a": "build"}) == {"a": [1.0, 1.0]}


def test_tables_are_aligned():
    lines = table(["a", "long"], [["100", "x"], ["2", "y"]]).split("\n")
    assert all(len(one) == len(other) for one, other in pairwise(lines))
    assert (seconds(2.0), seconds(0.25), seconds(1e-5)) == ("2.0 s", "250 ms", "0.01 ms")


@pytest.mark.parametrize("name", ["cost.txt", "nowhere/at/all.png"])
def test_a_picture_that_cannot_be_written_is_refused_before_the_work(name, capsys):
    with pytest.raises(SystemExit) as caught:
        _ = __main__.main(["--plot", name])
    assert caught.value.code == 2
    assert name in capsys.readouterr().err


def test_without_matplotlib_the_command_says_how_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit):
        _ = __main__.main(["--plot", str(tmp_path / "cost.png")])
    assert "pip install 'jacobians[plot]'" in capsys.readouterr().err


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    figure = plotting.new_figure(2)
    plotting.draw_curves(figure.axes[0], [1, 2], {"a": [1.0, 2.0]}, xlabel="size", ylabel="seconds")
    matrix = bundle_report(small_problem(), numerical_columns, columns=3).matrix
    plotting.draw_pattern(figure.axes[1], matrix)
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5_000


def test_the_whole_command():
    start = perf_counter()
    run = subprocess.run([sys.executable, "-m", "jacobians"], capture_output=True, text=True, timeout=120, check=True)
    assert perf_counter() - start < 60
    assert "dL/dW = 2 (W x + b) x^T" in run.stdout
    assert "95,529 x 55,710, dense 42.6 GB" in run.stdout
    assert "network: batch" in run.stderr
    difference = float(run.stdout.rsplit("relative difference", 1)[1].split()[0])
    assert difference < 1e-5
