"""Every exception and warning of the library.

Each error keeps what it is about as attributes and builds its message from them: what happened, in which operation,
on which operand, with both shapes, and what to do next.
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "ChainError",
    "EscapedTraceError",
    "HolomorphyError",
    "JacobianError",
    "JacobianMismatchError",
    "MemoryLimitError",
    "ScalarisationWarning",
    "ShapeError",
    "StagingError",
    "StructureError",
    "TermError",
    "TraceConversionError",
    "UnsupportedFunctionError",
    "WriteError",
]


class JacobianError(Exception):
    """Base of all errors that this library raises on purpose."""


class ScalarisationWarning(UserWarning):
    """A traced array was taken apart into traced scalars: right, but slow."""


class TermError(JacobianError, ValueError):
    """A term contradicts itself: a label that nothing declares, or an array that does not fit its labels."""


class ShapeError(JacobianError, ValueError):
    """An array does not have the shape that an operation needs.

    Attributes
    ----------
    operation, operand : str
    expected, found : tuple of int
    """

    def __init__(self, operation: str, operand: str, expected: object, found: object, advice: str = "") -> None:
        self.operation, self.operand, self.expected, self.found = operation, operand, expected, found
        text = f"{operation}: {operand} must have shape {expected}, but has shape {found}."
        super().__init__(f"{text} {advice}".rstrip())


class ChainError(JacobianError, ValueError):
    """Two Jacobians do not fit together in the chain rule.

    Attributes
    ----------
    left_in_shape, right_out_shape : tuple of int
    """

    def __init__(self, left_in_shape: tuple[int, ...], right_out_shape: tuple[int, ...]) -> None:
        self.left_in_shape, self.right_out_shape = left_in_shape, right_out_shape
        super().__init__(
            f"chain: left expects an input of shape {left_in_shape}, "
            f"right yields an output of shape {right_out_shape}. In J @ K the in_shape of J must be the out_shape of K."
        )


class JacobianMismatchError(JacobianError, AssertionError):
    """`check_jacobian` found an entry that disagrees with the numerical derivative.

    Attributes
    ----------
    argnum, in_path, out_path : int, str, str
        The argument, and what leads to the array in it and in the result, if they are nests.
    out_index, in_index : tuple of int
        Where the worst disagreement is.
    computed, numerical : float
        The two values there.
    """

    def __init__(
        self,
        argnum: int,
        out_index: tuple[int, ...],
        in_index: tuple[int, ...],
        computed: object,
        numerical: object,
        entries: int,
        in_path: str = "",
        out_path: str = "",
    ) -> None:
        self.argnum, self.out_index, self.in_index = argnum, out_index, in_index
        self.in_path, self.out_path = in_path, out_path
        self.computed, self.numerical, self.entries = computed, numerical, entries
        of = f" of result{out_path}" if out_path else ""
        super().__init__(
            f"check_jacobian: {entries} entries of the Jacobian{of} for argument {argnum}{in_path} disagree. "
            f"The worst is d out{list(out_index)} / d in{list(in_index)}: computed {computed}, numerical {numerical}. "
            "Check the rule of the functions on that path, or loosen rtol= and atol=."
        )


class StructureError(JacobianError, ValueError):
    """A structure was asked for that the labels do not prove."""


class HolomorphyError(JacobianError, ValueError):
    """One complex matrix was asked for, but the derivative acts on the conjugate of a tangent, too.

    Attributes
    ----------
    operation : str
    """

    def __init__(self, operation: str, advice: str = "") -> None:
        self.operation = operation
        parts = "J @ h is right; J.linear_part and J.conjugate_part are the derivatives in z and in its conjugate."
        super().__init__(
            f"{operation}: the function is not holomorphic, so that its derivative is no complex matrix: J @ h is "
            f"A @ h + B @ conj(h). {advice or parts}"
        )


class ArgumentError(JacobianError, TypeError):
    """An argument or a result cannot be differentiated.

    Attributes
    ----------
    operation, operand : str
    found : str
    """

    def __init__(self, operation: str, operand: str, found: str, advice: str) -> None:
        self.operation, self.operand, self.found = operation, operand, found
        super().__init__(f"{operation}: {operand} {found}. {advice}")


class TraceConversionError(JacobianError, TypeError):
    """A traced value was about to be turned into plain numbers, which would lose the derivative.

    Attributes
    ----------
    operation : str
    shape : tuple of int
    """

    def __init__(self, operation: str, shape: tuple[int, ...], advice: str) -> None:
        self.operation, self.shape = operation, shape
        super().__init__(
            f"{operation}: a traced array of shape {shape} would become plain numbers and lose its derivative. {advice}"
        )


class WriteError(TraceConversionError):
    """A traced array was written into whose memory is the caller's, or that a derivative keeps, or that lives twice."""

    def __init__(self, shape: tuple[int, ...], is_exposed: bool = False) -> None:
        self.operation, self.shape = "assignment", shape
        found = (
            "np.asarray or the like has made an array of objects of it, which in NumPy would see it change. Write into "
            "a copy, y = y.copy(), or leave out np.asarray: traced arrays are arrays."
            if is_exposed
            else "it is an argument of the function (or a view of one), or a part of another derivative, and in NumPy "
            "the caller would see it change. Write into a copy: y = x.copy()."
        )
        JacobianError.__init__(self, f"assignment into a traced array of shape {shape}: {found}")


class StagingError(JacobianError, TypeError):
    """A function that is being compiled needs the numbers of an argument, which every call gives anew.

    Attributes
    ----------
    operation : str
    shape : tuple of int
    line : str
        File and line of the caller.
    """

    def __init__(self, operation: str, shape: tuple[int, ...], line: str, advice: str) -> None:
        self.operation, self.shape, self.line = operation, shape, line
        where = f" at {line}" if line else ""
        super().__init__(
            f"compile: {operation}{where} needs the numbers of an array of shape {shape}, but a compiled function is "
            f"written down once for all numbers. {advice}"
        )


class EscapedTraceError(JacobianError, RuntimeError):
    """A traced value is used after the transform that made it has returned."""

    def __init__(self, operation: str, shape: tuple[int, ...]) -> None:
        self.operation, self.shape = operation, shape
        super().__init__(
            f"{operation}: a traced value of shape {shape} outlived its transform, so its derivative cannot be "
            "recorded any more. Return it from the function instead of storing it, or store jacobians.primal(x)."
        )


class UnsupportedFunctionError(JacobianError, NotImplementedError):
    """A function without a rule was called on a traced value.

    Attributes
    ----------
    function : str
        Its name as the user writes it.
    """

    def __init__(self, function: str, reason: str = "") -> None:
        self.function, self.reason = function, reason
        super().__init__(
            f"{function} has no rule{reason and ' ' + reason}.\n"
            'Use functions that have one (see docs, "Supported functions"), or add a rule in one line, for example\n'
            f"    jacobians.composed({function}, definition)    # definition: the same function made of others\n"
            f"    jacobians.elementwise({function}, lambda y, x: ...)    # dy/dx, entry by entry\n"
            'To use its value as a constant, call it on jacobians.primal(x). See docs, "Add a rule".'
        )


class MemoryLimitError(JacobianError, MemoryError):
    """A dense or sparse result would not fit under the memory limit.

    Attributes
    ----------
    operation : str
    needed, limit, held : int
        Bytes of the result, of the limit, and of the terms as they are held.
    """

    def __init__(self, operation: str, needed: int, limit: int, held: int) -> None:
        self.operation, self.needed, self.limit, self.held = operation, needed, limit, held
        others = "J @ v" if operation == "to_sparse()" else "to_sparse(), J @ v"
        super().__init__(
            f"{operation} would need {format_bytes(needed)}, over the memory limit of {format_bytes(limit)}; "
            f"the terms hold {format_bytes(held)}. Use {others}, or pass memory_limit=."
        )


def format_bytes(count: float) -> str:
    """Bytes for a human: ``format_bytes(7_900_000)`` is ``'7.9 MB'``."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if abs(count) < 1000 or unit == "PB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
