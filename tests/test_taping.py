"""`Tape`, the transforms as a context manager."""

import numpy as np
import pytest
from sample_jacobians import assert_close

import jacobians as jac
from jacobians import ArgumentError, EscapedTraceError, Tape

W0, X0 = np.array([[1.0, -2.0], [1.0, 1.0]]), np.array([1.0, 2.0])
RESIDUAL = W0 @ X0


def test_the_lesson():
    """The gradient of ``sum((W x + b)^2)``: two lines of mathematics, 2 r x^T and 2 r."""
    with Tape() as tape:
        W, b = tape.watch(W0), tape.watch(np.zeros(2))
        residual = W @ X0 + b
        loss = np.sum(residual**2)
    found = tape.gradient(loss, [W, b])
    assert type(found) is list
    assert_close(found[0], np.outer(2 * RESIDUAL, X0))
    assert_close(found[1], 2 * RESIDUAL)
    assert_close(tape.gradient(loss, b), 2 * RESIDUAL)
    J = tape.jacobian(residual, W)
    assert J.structure == "block-diagonal over axis 0"
    assert_close(J.to_array(), np.einsum("io,j->ioj", np.eye(2), X0))
    both = tape.jacobian(residual, (W, b))
    assert type(both) is list
    assert_close(both[1].to_array(), np.eye(2))


def test_derivatives_inside_the_block():
    with Tape() as tape:
        x = tape.watch(X0)
        y = np.exp(x)
        assert_close(tape.gradient(np.sum(y), x), np.exp(X0))
        assert tape.jacobian(y, x).is_diagonal


def test_intermediate_values_are_sources():
    with Tape() as tape:
        x = tape.watch(X0)
        h = np.sin(x)
        y = np.sum(h * h * x)
    assert_close(tape.gradient(y, h), 2 * np.sin(X0) * X0)
    assert_close(tape.gradient(y, x), 2 * np.sin(X0) * X0 * np.cos(X0) + np.sin(X0) ** 2)
    assert_close(tape.gradient(y, y), 1.0)
    assert_close(tape.jacobian(h, h).to_array(), np.eye(2))


def test_a_list_of_sources_is_as_good_as_each_alone():
    """A source in the list does not hide the path through it."""
    with Tape() as tape:
        x = tape.watch(X0)
        h = np.sin(x)
        y = h * h * x
        total = np.sum(y)
    sources = [x, h, total, x]
    for found, source in zip(tape.gradient(total, sources), sources, strict=True):
        assert_close(found, tape.gradient(total, source))
    assert_close(tape.gradient(total, sources)[0], 2 * np.sin(X0) * X0 * np.cos(X0) + np.sin(X0) ** 2)
    for J, source in zip(tape.jacobian(y, [x, h, y]), [x, h, y], strict=True):
        assert_close(J.to_array(), tape.jacobian(y, source).to_array())


def test_sources_without_influence():
    with Tape() as tape:
        x, y = tape.watch(X0), tape.watch(W0)
        total = np.sum(x)
    assert_close(tape.gradient(total, [x, y])[1], np.zeros((2, 2)))
    assert_close(tape.jacobian(x, y).to_array(), np.zeros((2, 2, 2)))


@pytest.mark.parametrize("size", [3, 20_000])
@pytest.mark.parametrize("inside", [False, True])
def test_the_tape_keeps_what_it_recorded(size, inside):
    A, x0 = np.ones((2, size)), np.linspace(0.0, 1.0, size)
    expected = A.copy()
    with Tape() as tape:
        x = tape.watch(x0)
        y = A @ x
        total = np.sum(x * x)
        J = tape.jacobian(y, x)
        if inside:
            assert_close(J.to_array(), expected)
    A[:], x0[:] = 7, 7
    assert_close(J.to_array(), expected)
    assert_close(tape.jacobian(y, x).to_array(), expected)
    assert_close(tape.gradient(total, x), 2 * np.linspace(0.0, 1.0, size))


def test_tapes_in_tapes_and_in_transforms():
    def gradient_norm(x):
        with Tape() as tape:
            y = tape.watch(x)
            z = np.sum(np.sin(y) * y)
        return np.sum(tape.gradient(z, y) ** 2)

    first, second = np.sin(X0) + X0 * np.cos(X0), 2 * np.cos(X0) - X0 * np.sin(X0)
    assert_close(jac.grad(gradient_norm)(X0), 2 * first * second)
    with Tape() as outer:
        x = outer.watch(X0)
        norm = gradient_norm(x)
    assert_close(outer.gradient(norm, x), 2 * first * second)
    with Tape() as tape:
        x = tape.watch(X0)
        diagonal = jac.jacobian(np.sin)(x).diagonal()
    assert_close(tape.jacobian(diagonal, x).to_array(), np.diag(-np.sin(X0)))


def test_after_the_block_values_are_only_for_derivatives():
    with Tape() as tape:
        x = tape.watch(X0)
        y = np.sum(x * x)
    for use in (lambda: np.sin(x), lambda: x + 1, lambda: y * 2, lambda: x[0], lambda: np.stack([y, y])):
        with pytest.raises(EscapedTraceError, match="outlived its transform, so its derivative cannot be recorded"):
            _ = use()
    assert_close(jac.primal(y), 5.0)
    with pytest.raises(ArgumentError, match="Tape.watch: the tape is not recording. Watch inside the with block"):
        _ = tape.watch(X0)
    with pytest.raises(ArgumentError, match="Tape: the tape has been used before"), tape:
        pass


def test_what_a_tape_does_not_know():
    with Tape() as other:
        foreign = other.watch(X0)
    with Tape() as tape:
        x = tape.watch(X0)
        y = np.sum(x)
    with pytest.raises(ArgumentError, match=r"Tape.gradient: source 0 is a ndarray that this tape did not record"):
        _ = tape.gradient(y, X0)
    with pytest.raises(ArgumentError, match=r"Tape.gradient: source 1 is a Traced that this tape did not record"):
        _ = tape.gradient(y, [x, foreign])
    with pytest.raises(ArgumentError, match=r"Tape.jacobian: the target is a float64 that this tape did not record"):
        _ = tape.jacobian(np.float64(1.0), x)
    with pytest.raises(
        ArgumentError, match=r"Tape.gradient: the target has shape \(2,\), but must be a scalar. Use tape.j"
    ):
        _ = tape.gradient(x, x)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "has the integer dtype"),
        (np.array([True]), "has the boolean dtype"),
        ({1.0, 2.0}, "is of type set, which is neither an array nor a nest"),
    ],
)
def test_what_cannot_be_watched(value, message):
    with Tape() as tape, pytest.raises(ArgumentError, match=f"^Tape.watch: .* {message}"):
        _ = tape.watch(value)


def test_an_error_in_the_block_is_the_users():
    A = np.ones((200, 200))

    def fail():
        with Tape() as tape:
            _ = A @ tape.watch(np.ones(200))
            assert not A.flags.writeable
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    A[0, 0] = 2.0  # it is writable again
