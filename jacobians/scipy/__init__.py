"""Functions of SciPy that NumPy's protocols do not reach, under SciPy's names, for plain and for traced arrays.

``from jacobians.scipy import special`` in place of ``from scipy import special``; on plain arrays each function is
SciPy's own. The submodules are imported when they are first used:

- `special`: what is no ufunc there (logsumexp, softmax, polygamma, ...).
- `linalg`: solutions, factorisations, functions of matrices, matrices of a pattern.
- `fft`: Fourier transforms.
- `signal`: convolution and correlation, spectra.
- `integrate`: solutions of ordinary differential equations.
- `stats`: densities and distribution functions of common distributions.
- `sparse`: products with constant sparse matrices, and `sparse.linalg.spsolve`.

They are made of `standing` (functions that stand in for SciPy's), `cosines`, `spectra` and `short_times` (transforms),
`densities` and `vectors` (distributions of vectors).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..tracing import substitutes

__all__ = ["fft", "integrate", "linalg", "signal", "sparse", "special", "stats"]  # pyright: ignore[reportUnsupportedDunderAll]  (imported when asked for)


def _substitute(module: str, name: str) -> str | None:
    """Where a function of a module of SciPy is offered for traced values."""
    package, *rooms = module.partition("._")[0].split(".")
    if package != "scipy" or not rooms or rooms[0] not in __all__:
        return None
    room = ".".join([__name__, *rooms])
    try:
        offered = import_module(room).__all__
    except ImportError:
        return None
    return f"{room}.{name}" if name in offered else None


substitutes.append(_substitute)


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}. It offers {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
