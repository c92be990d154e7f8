"""Rules: the derivative of each function, stated once.

Every module of this package states the rules of some functions when it is imported, in any order. They are filed as
NumPy files its functions; a new module needs no entry anywhere.
"""

from __future__ import annotations

import importlib
import pkgutil

__all__: list[str] = []

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
