"""One thread for the linear algebra of NumPy and SciPy, before they are imported.

The matrices of the tests are small: more threads only wait for one another, and for those of the other test processes.
"""

import os

collect_ignore = ["conftest.py"]  # it has no examples, and docs/conftest.py has its name

_ = os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
