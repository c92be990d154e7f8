"""`implicit`: a solver with the derivative of what it solves, by the implicit function theorem.

From ``residual(z, *args) == 0`` follows ``A dz + dR = 0`` with ``A`` the Jacobian of the residual in z, and ``dR`` its
derivative along the other arguments. The residual is traced once, at the root, as a function of these; the root is
recorded as a function of that residual, with the derivative ``-inv(A)``. So a gradient takes one solution with the
transposed A, and structure on both sides is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import update_wrapper
from math import prod
from types import MethodType
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..labels import axes_of
from ..program import Symbol
from ..registry import Call, LocalTerm, Rule
from ..rules.conjugates import is_complex
from ..rules.sparse import operator_term
from ..tensor import Jacobian
from ..tracing import Traced, contains_traced, lift
from ..tracing.dispatch import apply_function, level_of
from ..transforms import jacobian, jvp, vjp
from .halves import halves
from .inverses import inverse_terms
from .packing import writable

__all__ = ["Implicit", "implicit"]

Function = Callable[..., Any]
METHODS = ("auto", "diagonal", "sparse", "dense", "iterative")


class Implicit:
    """A solver whose result is differentiated as a root. Made by `implicit`."""

    def __init__(self, solver: Function, residual: Function, fixed_point: bool, method: str | Function) -> None:
        self.solver, self.given, self.fixed_point, self.method = solver, residual, fixed_point, method
        self.name: str = getattr(solver, "__name__", repr(solver))
        self._linear: dict[bool, Implicit] = {}
        update_wrapper(self, solver)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple([lift(value) for value in args])
        traced = [name for name in kwargs if contains_traced(kwargs[name])]
        if traced:
            advice = "Keywords are options of the solver: pass what the residual depends on by position."
            raise ArgumentError("implicit", f"{traced[0]}= of {self.name}", "is traced", advice)
        level = level_of(self, args, {})
        if level is None:
            symbol = next((value for value in args if isinstance(value, Symbol)), None)
            if symbol is not None:
                return symbol.recorder.call(self, args, kwargs)
            return np.array(
                self.solver(*[writable(value) for value in args], **kwargs)
            )  # the solver may use its memory again
        below = tuple([a.value if isinstance(a, Traced) and a.level is level else a for a in args])
        root = self(*below, **kwargs)
        rest = self.residual(root, *args)
        if np.shape(rest) != np.shape(root):
            advice = "A root has as many equations as unknowns."
            name = "what the function returns" if self.fixed_point else "the residual"
            raise ShapeError("implicit", f"{name} at the result of {self.name}", np.shape(root), np.shape(rest), advice)
        if is_complex(rest) != is_complex(root):
            found = "complex" if is_complex(rest) else "real"
            advice = "It has as many real equations as unknowns if both are real, or both complex."
            raise ArgumentError(
                "implicit", f"the residual at the result of {self.name}", f"is {found}, unlike it", advice
            )
        return apply_function(_Root(self, below), (rest, root), {}) if contains_traced(rest) else root

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, it gets the instance as its first argument, as functions do."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"implicit({self.name})"

    def residual(self, z: Any, *args: Any) -> Any:
        """What is zero at the root."""
        found = self.given(z, *args)
        return found - z if self.fixed_point else found

    def linear(self, transposed: bool) -> Implicit:
        """The solver of the linear system of the derivative, ``solve(b, z, *args)``; it is an implicit one again."""
        if transposed not in self._linear:

            def residual(x: Any, b: Any, z: Any, *args: Any) -> Any:
                if transposed:
                    return vjp(lambda z: self.residual(z, *args), z)[1](x)[0] - b
                return jvp(lambda z: self.residual(z, *args), (z,), (x,))[1] - b

            def solver(b: Any, z: Any, *args: Any) -> Any:
                J = jacobian(self.residual, mode="lazy")(z, *args)
                return _iterated(J, np.asarray(b), transposed, self.method)

            self._linear[transposed] = Implicit(solver, residual, False, self.method)
        return self._linear[transposed]


class _Root:
    """``root(rest, root)`` is the root as a function of the residual; its rule is that of one step of Newton."""

    def __init__(self, owner: Implicit, args: tuple[Any, ...]) -> None:
        self.owner, self.args = owner, args
        self.__name__, self.__module__ = owner.name, getattr(owner, "__module__", "")
        self.own_rule = Rule("local", self, self._terms, is_complex=True)

    def __call__(self, rest: Any, root: Any) -> Any:
        return root

    def _terms(self, call: Call, rest: Any, root: Any) -> Iterator[LocalTerm]:
        # R(z, t) = 0: dz = -inv(dR/dz) dR
        owner = self.owner
        if owner.method == "iterative" or callable(owner.method):
            shape, solution = tuple(np.shape(root)), _IteratedInverse(owner, root, self.args)
            if is_complex(root):
                terms = halves(solution, (shape, False), (shape, False), root.dtype, "solve")
            else:
                terms = iter([operator_term(solution, axes_of(shape), axes_of(shape), "solve")])
        else:
            J = jacobian(owner.residual, mode="explicit")(root, *self.args)
            if not J.terms and np.size(root):
                advice = "Nothing determines the root: check the residual, whose first argument it is."
                raise ArgumentError("implicit", f"the residual of {owner.name}", "does not depend on the root", advice)
            terms = inverse_terms(J, str(owner.method))
        for term in terms:
            yield 0, 0, term.times(-1.0)


class _IteratedInverse:
    """The inverse of the Jacobian of a residual: each product is a solution by iteration."""

    def __init__(self, owner: Implicit, root: Any, args: tuple[Any, ...]) -> None:
        self.owner, self.root, self.args = owner, root, args
        self.dtype = root.dtype
        self.nbytes = root.nbytes
        self._plain = not any(isinstance(value, (Traced, Symbol)) for value in (root, *args))
        self._jacobian: Jacobian | None = None

    def apply(self, array: Any) -> Any:
        """The solution for each column."""
        return self._solved(array, False)

    def apply_transposed(self, array: Any) -> Any:
        """The solution of the transposed system for each column."""
        return self._solved(array, True)

    push, pull = apply, apply_transposed

    def with_arrays(self, change: Callable[[Any], Any]) -> _IteratedInverse:
        """The same operation on other arrays of the same numbers."""
        args = tuple([change(x) if hasattr(x, "dtype") else x for x in self.args])
        return _IteratedInverse(self.owner, change(self.root), args)

    def _solved(self, array: Any, transposed: bool) -> Any:
        shape = np.shape(self.root)
        columns = np.reshape(array, (np.shape(array)[0], -1))
        found = [np.ravel(self._one(np.reshape(columns[:, n], shape), transposed)) for n in range(np.shape(columns)[1])]
        return np.reshape(np.stack(found, axis=1), np.shape(array)) if found else array

    def _one(self, b: Any, transposed: bool) -> Any:
        if not self._plain or isinstance(b, (Traced, Symbol)):
            return self.owner.linear(transposed)(b, self.root, *self.args)
        J = self._jacobian = self._jacobian or jacobian(self.owner.residual, mode="lazy")(self.root, *self.args)
        return _iterated(J, b, transposed, self.owner.method)


def _iterated(J: Jacobian, b: np.ndarray, transposed: bool, method: str | Function) -> Any:
    """The solution of ``J x = b``, or of its transpose, by GMRES, or by the function given."""
    from scipy.sparse.linalg import gmres  # slow to import

    if J.dtype.kind == "c":
        operator, b_parts = _real_form(J, transposed), np.concatenate([np.real(b).reshape(-1), np.imag(b).reshape(-1)])
    else:
        operator, b_parts = J.to_linear_operator(), b.reshape(-1)
        operator = operator.T if transposed else operator
    if callable(method):
        found = method(operator, b_parts)
    else:
        tolerance = 10 * float(np.finfo(b.dtype).eps)
        found, failed = gmres(operator, b_parts, rtol=tolerance, atol=0.0, restart=min(b_parts.size, 100))
        if failed:
            raise np.linalg.LinAlgError(
                f"implicit: GMRES has not converged after {failed} iterations. Give method= a function "
                'solve(operator, b), with a preconditioner, or use method="sparse" or "dense".'
            )
    return np.reshape(found if found.size == b.size else found[: b.size] + 1j * found[b.size :], b.shape)


def _real_form(J: Jacobian, transposed: bool) -> Any:
    """A Jacobian between complex arrays, or what it pulls back, in real and imaginary parts, which are linear."""
    from scipy.sparse.linalg import LinearOperator  # slow to import

    size = prod(J.in_shape)

    def product(x: np.ndarray, pulled: bool) -> np.ndarray:
        vector = np.reshape(x[:size] + 1j * x[size:], J.in_shape)
        y = np.reshape(J.vjp(vector) if pulled else J.jvp(vector), -1)
        return np.concatenate([np.real(y), np.imag(y)])

    def adjoint(x: np.ndarray) -> np.ndarray:
        # ``Re(sum(c y))`` has a minus before the imaginary parts, which the product of real vectors has not.
        turn = np.repeat([1, -1], size).astype(x.dtype)
        return turn * product(turn * x, not transposed)

    real = np.finfo(J.dtype).dtype
    make: Any = LinearOperator  # whose stubs do not know the form with functions
    return make((2 * size, 2 * size), matvec=lambda x: product(x, transposed), rmatvec=adjoint, dtype=real)


def implicit(residual: Function, *, fixed_point: bool = False, method: str | Function = "auto") -> Any:
    """A decorator for solvers: the result is differentiated as a root of the residual, however it was found.

    The solver is called with plain arrays and may be compiled code or a loop with any stopping rule. The derivative is
    as accurate as the root.

    Parameters
    ----------
    residual : callable
        ``residual(z, *args)``, of the shape of z, is zero at the root ``z = solver(*args)``. It is made of NumPy's
        functions.
    fixed_point : bool
        Whether `residual` is g with ``z == g(z, *args)`` instead.
    method : "auto", "diagonal", "sparse", "dense", "iterative", or callable
        How to solve with the Jacobian of the residual in z. "auto" looks at its structure. "iterative" writes nothing
        out and runs GMRES; a callable ``solve(operator, b)`` runs instead of it, with a SciPy LinearOperator; both see
        real parts of a complex root, then its imaginary parts.

    Returns
    -------
    callable
        A decorator for ``solver(*args, **kwargs)``, which returns one array. The positional arguments are those of the
        residual; keywords are options for the solver alone, such as a first guess.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import brentq
    >>> from jacobians import grad
    >>> @implicit(lambda z, a: z**3 + a * z - 1)
    ... def root(a):
    ...     return brentq(lambda z: z**3 + a * z - 1, 0.0, 1.0, xtol=1e-14)
    >>> z = root(2.0)
    >>> bool(np.isclose(grad(root)(2.0), -z / (3 * z**2 + 2)))
    True
    """
    if not callable(residual):
        raise ArgumentError(
            "implicit", "residual", f"is a {type(residual).__name__}", "Write implicit(residual)(solver)."
        )
    if not callable(method) and method not in METHODS:
        names = ", ".join(f'"{name}"' for name in METHODS)
        raise ArgumentError("implicit", "method", f"is {method!r}", f"Use {names}, or a function solve(operator, b).")

    def decorate(solver: Function) -> Implicit:
        if not callable(solver):
            raise ArgumentError("implicit", "the solver", f"is a {type(solver).__name__}", "Give a function of arrays.")
        return Implicit(solver, residual, fixed_point, method)

    return decorate
