"""Every ``{code-cell}`` of the pages is a test: a page is one namespace, as in a notebook, but needs no kernel."""

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

import jacobians
from jacobians import registry

collect_ignore = ["conf.py", "_extensions"]


def _open_page(namespace):
    namespace["_rules"] = registry.registered()


def _close_page(namespace):
    """What a page states or sets globally ends with it."""
    registry._RULES.clear()
    registry._RULES.update(namespace["_rules"])
    jacobians.set_memory_limit(None)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], pattern="*.md", setup=_open_page, teardown=_close_page
).pytest()
