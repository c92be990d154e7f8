"""Rules: the derivative of each function, stated once.

Every module of this package states the rules of some functions when it is imported, in any order. They are filed as
NumPy files its functions; a new module needs no entry anywhere. Rules of another library that is slow to import wait
until the user's code has imported it.
"""

from __future__ import annotations

import importlib
import pkgutil

from ..registry import later

__all__: list[str] = []

_LATER = {
    **dict.fromkeys(("asymptotics", "incomplete", "special", "zetas", "families"), "scipy.special"),
    **dict.fromkeys(("probabilities", "plane"), "scipy.special"),
    "records": "numpy.lib.recfunctions",
}

for _module in pkgutil.iter_modules(__path__):
    if _module.name not in _LATER:
        importlib.import_module(f"{__name__}.{_module.name}")
for _name, _library in _LATER.items():
    later(_library, f"{__name__}.{_name}")
