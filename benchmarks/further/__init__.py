"""Problems beyond the table: `FURTHER` maps the name of each to it. One expectation holds for all, and no target.

- `question`: a problem in a few lines, from a function, its data, what is asked, and the answer by hand.
- `distances`, `regressions`: structure that other problems have, too.
"""

from ..problem import Problem
from . import distances, regressions

__all__ = ["FURTHER"]

_FAMILIES = (distances, regressions)

FURTHER: dict[str, Problem] = {problem.name: problem for family in _FAMILIES for problem in family.PROBLEMS}
