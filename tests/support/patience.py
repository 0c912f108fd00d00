"""How much slower than two quiet cores a test run may be: `CASEBRIDGE_TEST_PATIENCE`, 1 unless set.

It multiplies only limits on time. `make test` sets it for its workers, which share the cores, and CI, because its
machine is shared; `make chaos` and `make bench` check promises about time exactly, on a quiet machine.
"""

import os

PATIENCE = float(os.environ.get("CASEBRIDGE_TEST_PATIENCE", "1"))
