"""What goes wrong says so: one row for each mistake, with the message that it earns."""

import re

import numpy as np
import pytest

import jacobians as jac

X = np.array([0.5, 1.5, 2.5])
ESCAPED: list = []


def in_place(x):
    y = np.zeros(3)
    y[0] = x[0]
    return y


def part_in_place(x):
    y = np.zeros(3)
    y[1:] = x[1:]
    return y


def escape(x):
    ESCAPED.append(x)
    return x


def use_escaped():
    ESCAPED.clear()
    _ = jac.jacobian(escape)(X)
    return np.sin(ESCAPED[0])


def use_escaped_in_another():
    ESCAPED.clear()
    _ = jac.jacobian(escape)(X)
    return jac.grad(lambda x: np.sum(x * ESCAPED[0]))(X)


ERRORS = {
    # ---- arguments
    "integers": (
        lambda: jac.jacobian(np.sin)(np.array([1, 2])),
        jac.ArgumentError,
        (
            "jacobian: argument 0 has the integer dtype int64. Only floating numbers have derivatives; convert it "
            "first, e.g. x.astype(float)."
        ),
    ),
    "an integer": (lambda: jac.grad(np.sin)(3), jac.ArgumentError, "grad: argument 0 has the integer dtype"),
    "booleans": (
        lambda: jac.hvp(np.sum, (X > 1,), (X,)),
        jac.ArgumentError,
        "hvp: argument 0 has the boolean dtype bool. Only floating numbers",
    ),
    "complex": (
        lambda: jac.grad(np.prod)(X + 1j),
        jac.ArgumentError,
        "grad: the result is complex (complex128), but must be real. Take its real part or its modulus, or jacobian;",
    ),
    "text": (
        lambda: jac.grad(np.sum)(np.array(["a"])),
        jac.ArgumentError,
        "grad: argument 0 has dtype <U1. Only arrays of",
    ),
    "objects": (lambda: jac.grad(np.sum)(np.array([1, None])), jac.ArgumentError, "grad: argument 0 has dtype object."),
    "a set": (
        lambda: jac.jacobian(np.sum)({1.0, 2.0}),
        jac.ArgumentError,
        (
            "jacobian: argument 0 is of type set, which is neither an array nor a nest of arrays. Use tuples, lists, "
            "dicts, named tuples or dataclasses, or pass it by keyword."
        ),
    ),
    "a number for a function": (
        lambda: jac.grad(np.sum(X)),
        jac.ArgumentError,
        "grad: the function is of type float64, which cannot be called. Pass the function itself, f and not f(x).",
    ),
    "a number compiled": (lambda: jac.compile(3), jac.ArgumentError, "compile: the function is of type int, which"),
    "a number pulled": (lambda: jac.vjp(3, X), jac.ArgumentError, "vjp: the function is of type int, which cannot"),
    "argnums beyond": (
        lambda: jac.jacobian(np.sin, argnums=1)(X),
        jac.ArgumentError,
        (
            "jacobian: argnums is 1, but the function was called with 1 positional arguments. Pass differentiated "
            "arguments by position."
        ),
    ),
    "by keyword": (
        lambda: jac.grad(lambda x: x)(x=1.0),
        jac.ArgumentError,
        "grad: argnums is 0, but the function was called",
    ),
    "argnums twice": (
        lambda: jac.grad(np.dot, argnums=(0, -2))(X, X),
        jac.ArgumentError,
        "grad: argnums is (0, -2). Name at least one argument, and each once.",
    ),
    "no argnums": (
        lambda: jac.jacobian(np.sin, argnums=())(X),
        jac.ArgumentError,
        "jacobian: argnums is (). Name at least",
    ),
    "argnums text": (
        lambda: jac.jacobian(np.sin, argnums="x")(X),
        jac.ArgumentError,
        "jacobian: argnums is 'x'. Use an int or a tuple of ints.",
    ),
    "argnums real": (lambda: jac.grad(np.sin, argnums=0.0)(X), jac.ArgumentError, "grad: argnums is 0.0. Use an int"),
    "argnums true": (lambda: jac.grad(np.sin, argnums=True)(X), jac.ArgumentError, "grad: argnums is True. Use an int"),
    "mode": (
        lambda: jac.jacobian(np.sin, mode="dense"),
        jac.ArgumentError,
        'jacobian: mode is \'dense\'. Use "auto", "explicit" or "lazy".',
    ),
    "order": (
        lambda: jac.value_and_jacobian(np.sin, order="backward"),
        jac.ArgumentError,
        'value_and_jacobian: order is \'backward\'. Use "auto", "forward", "reverse", ',
    ),
    "order a number": (lambda: jac.jacobian(np.sin, order=3), jac.ArgumentError, 'jacobian: order is 3. Use "auto"'),
    "order of another": (
        lambda: jac.jacobian(lambda x: np.sin(np.sin(x)), order=(7,))(X).to_array(),
        jac.ArgumentError,
        (
            "jacobian: order names the vertices [7], but the graph has the inner vertices [1]. An order can be reused "
            "for the same function only."
        ),
    ),
    "limit": (
        lambda: jac.jacobian(np.sin, memory_limit="lots"),
        ValueError,
        "memory limit: 'lots' is no number of bytes;",
    ),
    # ---- results
    "a tuple as result": (
        lambda: jac.grad(lambda x: (x, x))(X),
        jac.ArgumentError,
        (
            "grad: the result is nested as (*, *), but must be a scalar. Use jacobian, or return (scalar, aux) with "
            "has_aux=True."
        ),
    ),
    "nothing as result": (lambda: jac.grad(lambda x: None)(X), jac.ArgumentError, "grad: the result has dtype object."),
    "integers as result": (
        lambda: jac.jacobian(np.argsort)(X),
        jac.ArgumentError,
        "jacobian: the result has the integer dtype int64. Only floating numbers have derivatives",
    ),
    "no scalar": (
        lambda: jac.grad(np.sin)(X),
        jac.ArgumentError,
        "grad: the result has shape (3,), but must be a scalar. Use jacobian, or sum the result to a scalar first.",
    ),
    "hvp of no scalar": (lambda: jac.hvp(np.sin, (X,), (X,)), jac.ArgumentError, "hvp: the result has shape (3,)"),
    "no pair": (
        lambda: jac.grad(np.sum, has_aux=True)(X),
        jac.ArgumentError,
        "has_aux=True expects a pair. Return (result, aux).",
    ),
    # ---- tangents and cotangents
    "tangent": (
        lambda: jac.jvp(np.sin, (X,), (np.ones(4),)),
        jac.ShapeError,
        "jvp: tangent 0 must have shape (3,), but has shape (4,).",
    ),
    "second tangent": (
        lambda: jac.jvp(np.multiply, (X, X), (X, 1.0)),
        jac.ShapeError,
        "jvp: tangent 1 must have shape (3,), but has shape ().",
    ),
    "complex tangent": (
        lambda: jac.jvp(np.sin, (X,), (1j * X,)),
        jac.ArgumentError,
        "jvp: tangent 0 is complex, but belongs to a real array (float64). Use its real part.",
    ),
    "count of tangents": (
        lambda: jac.jvp(np.multiply, (X, X), (X,)),
        jac.ArgumentError,
        "jvp: primals and tangents have different lengths, 2 and 1. Give one tangent for each primal.",
    ),
    "bare primals": (
        lambda: jac.jvp(np.sin, X, X),
        jac.ArgumentError,
        "jvp: primals and tangents must be tuples. Write jvp(f, (x,), (h,)).",
    ),
    "bare primals of hvp": (
        lambda: jac.hvp(np.sum, X, X),
        jac.ArgumentError,
        "hvp: primals and tangents must be tuples.",
    ),
    "hvp tangent": (
        lambda: jac.hvp(np.sum, (X,), (np.ones(4),)),
        jac.ShapeError,
        "hvp: tangent 0 must have shape (3,)",
    ),
    "cotangent": (
        lambda: jac.vjp(np.sin, X)[1](np.ones((3, 1))),
        jac.ShapeError,
        "pullback: the cotangent must have shape (3,), but has shape (3, 1).",
    ),
    "vector": (
        lambda: jac.jacobian(np.sin)(X) @ np.ones(4),
        jac.ShapeError,
        "J @ h: the tangent must have shape (3,) + batch, but has shape (4,).",
    ),
    "chain": (
        lambda: jac.jacobian(np.sin)(X) @ jac.jacobian(np.sin)(X[:2]),
        jac.ChainError,
        (
            "chain: left expects an input of shape (3,), right yields an output of shape (2,). In J @ K the in_shape "
            "of J must be the out_shape of K."
        ),
    ),
    # ---- inside the function
    "unsupported": (
        lambda: jac.grad(lambda x: np.sum(np.unique(x)))(X),
        jac.UnsupportedFunctionError,
        "np.unique has no rule",
    ),
    "assignment to a traced array": (
        lambda: jac.jacobian(lambda x: x.__setitem__(0, 1.0))(X),
        jac.WriteError,
        (
            "assignment into a traced array of shape (3,): it is an argument of the function (or a view of one), or a "
            "part of another derivative, and in NumPy the caller would see it change. Write into a copy: y = x.copy()."
        ),
    ),
    "a scalar into a plain array": (
        lambda: jac.jacobian(in_place)(X),
        jac.TraceConversionError,
        "a traced array of shape () would become plain numbers and lose its derivative.",
    ),
    "a part into a plain array": (
        lambda: jac.jacobian(part_in_place)(X),
        jac.TraceConversionError,
        "conversion to an array of dtype float64: a traced array of shape (2,) would become plain numbers",
    ),
    "float": (
        lambda: jac.grad(lambda x: float(x[0]) ** 2)(X),
        jac.TraceConversionError,
        (
            "float(): a traced array of shape () would become plain numbers and lose its derivative. Use NumPy's "
            "functions in place of those of math"
        ),
    ),
    "int": (lambda: jac.grad(lambda x: int(x[0]))(X), jac.TraceConversionError, "int(): a traced array of shape ()"),
    "asarray": (
        lambda: jac.grad(lambda x: np.sum(np.asarray(x, dtype=float)))(X),
        jac.TraceConversionError,
        (
            "conversion to an array of dtype float64: a traced array of shape (3,) would become plain numbers and lose "
            "its derivative. Use x.astype(dtype) to change the precision"
        ),
    ),
    "a position": (
        lambda: jac.grad(lambda x: [1.0][x[0]])(X),
        jac.TraceConversionError,
        "use as an index: a traced array of",
    ),
    "escaped": (
        use_escaped,
        jac.EscapedTraceError,
        (
            "np.sin: a traced value of shape (3,) outlived its transform, so its derivative cannot be recorded any "
            "more. Return it from the function instead of storing it, or store jacobians.primal(x)."
        ),
    ),
    "escaped into another": (use_escaped_in_another, jac.EscapedTraceError, "a traced value of shape (3,) outlived"),
    "complex inside": (
        lambda: jac.grad(lambda x: np.sum(np.abs(np.bincount([0, 1, 1], x * 1j))))(X),
        jac.UnsupportedFunctionError,
        "np.bincount has no rule for complex numbers, of which its rule does not hold; use real and imaginary part,",
    ),
    "not holomorphic": (
        lambda: jac.jacobian(np.conj)(X + 1j).to_array(),
        jac.HolomorphyError,
        (
            "to_array(): the function is not holomorphic, so that its derivative is no complex matrix: J @ h is A @ h "
            "+ B @ conj(h). J @ h is right; J.linear_part and J.conjugate_part are the derivatives in z and in its "
            "conjugate."
        ),
    ),
    "called holomorphic": (
        lambda: jac.grad(lambda z: z * np.conj(z), holomorphic=True)(1j),
        jac.HolomorphyError,
        "grad: the function is not holomorphic",
    ),
    "called holomorphic, but real": (
        lambda: jac.jacobian(np.sin, holomorphic=True)(X),
        jac.ArgumentError,
        "jacobian: an argument is real (float64), but holomorphic=True needs complex numbers.",
    ),
    # ---- dense results
    "over the limit": (
        lambda: jac.jacobian(np.sin, memory_limit=50)(X).to_array(),
        jac.MemoryLimitError,
        (
            "to_array() would need 72 B, over the memory limit of 50 B; the terms hold 24 B. Use to_sparse(), J @ v, "
            "or pass memory_limit=."
        ),
    ),
    "blocks": (
        lambda: jac.jacobian(np.cumsum)(X).diagonal_blocks(0),
        jac.StructureError,
        "does not prove axis 0 to be shared by out and in. Use to_array(), or an axis that the structure names.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_message(name):
    call, kind, message = ERRORS[name]
    with pytest.raises(kind, match=re.escape(message)):
        _ = call()


@pytest.mark.parametrize(
    "transform",
    [jac.grad, jac.value_and_grad, jac.jacobian, jac.jacfwd, jac.jacrev, jac.hessian, jac.value_and_jacobian],
)
def test_what_is_no_function_fails_at_once(transform):
    with pytest.raises(jac.ArgumentError, match="the function is of type int, which cannot be called"):
        _ = transform(3)


def test_kinds_are_those_of_python():
    assert issubclass(jac.ArgumentError, TypeError)
    assert issubclass(jac.ShapeError, ValueError)
    assert issubclass(jac.ChainError, ValueError)
    assert issubclass(jac.MemoryLimitError, MemoryError)
    assert issubclass(jac.EscapedTraceError, RuntimeError)
    assert issubclass(jac.UnsupportedFunctionError, NotImplementedError)
    names = [name for name in jac.__all__ if name.endswith("Error")]
    assert all(issubclass(getattr(jac, name), jac.JacobianError) for name in names)


def test_fields():
    with pytest.raises(jac.ArgumentError) as caught:
        _ = jac.jacobian(np.sin)(3)
    assert (caught.value.operation, caught.value.operand) == ("jacobian", "argument 0")
    with pytest.raises(jac.ShapeError) as caught:
        _ = jac.jvp(np.sin, (X,), (np.ones(4),))
    error = caught.value
    assert (error.operation, error.operand, error.expected, error.found) == ("jvp", "tangent 0", (3,), (4,))
    with pytest.raises(jac.UnsupportedFunctionError) as caught:
        _ = jac.grad(lambda x: np.sum(np.unique(x)))(X)
    assert caught.value.function == "np.unique"


def test_errors_of_the_users_function_pass_unchanged():
    def fail(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        _ = jac.jacobian(fail)(X)
    with pytest.raises(ValueError, match="matmul: Input operand 1 has a mismatch"):
        _ = jac.grad(lambda x: np.ones((2, 4)) @ x)(X)


@pytest.mark.parametrize("function", [in_place, lambda x: float(x[0]), lambda x: np.unique(x)])
def test_after_an_error_everything_works(function):
    big = np.ones(20_000)
    with pytest.raises(jac.JacobianError):
        _ = jac.jacobian(lambda x: (x * big, function(x))[1])(big)
    big[0] = 2.0
    np.testing.assert_allclose(jac.grad(lambda x: np.sum(x * x))(X), 2 * X)
