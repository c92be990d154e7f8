"""Every row of the tables: value, first and second derivative, products, single precision, memory layouts."""

import pytest
from row_checks import CHECKS, all_rows, failures

GROUPS = all_rows()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("group", GROUPS)
def test_row(group, check):
    lines = failures(CHECKS[check], GROUPS[group])
    if lines:
        pytest.fail(f"{check} fails for {len(lines)} of {len(GROUPS[group])} rows:\n" + "\n".join(lines), pytrace=False)
