"""What a peer is: a library, and the ways in which it can be asked."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..measuring import Work
from ..problem import Case

__all__ = ["Build", "Peer", "library", "unavailable"]

Build = Callable[[], Work]


class Peer(NamedTuple):
    """A library that takes part.

    Attributes
    ----------
    name : str
        Of the peer, with which the names of its ways begin.
    needs : tuple of str
        Modules to be imported.
    answers : callable
        Whether a case is one for this peer, before anything is imported.
    ways : callable
        ``ways(problem, case)``: name -> what builds the work. It may import what the peer needs.
    """

    name: str
    needs: tuple[str, ...]
    answers: Callable[[Case], bool]
    ways: Callable[[str, Case], Mapping[str, Build]]


def library(name: str) -> Any:
    """A module of a peer: none of them has to be installed, neither here nor where types are checked."""
    return importlib.import_module(name)


def unavailable(peer: Peer) -> str:
    """Why a peer cannot take part; empty if it can. What it needs is imported, so that no clock sees that."""
    return next((reason for reason in map(_missing, peer.needs) if reason), "")


@cache
def _missing(module: str) -> str:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        return f"not installed ({error.name})"
    except Exception as error:
        return f"cannot be imported here ({type(error).__name__}: {error})"[:200]
    return ""
