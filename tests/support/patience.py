"""How much slower than two quiet cores a test run may be: `CASEBRIDGE_TEST_PATIENCE`, 1 unless set.

It multiplies every limit on time, and nothing else. CI sets it, because its machine is shared; a promise about time is
judged exactly by `make chaos` and `make bench` on a quiet machine.
"""

import os

PATIENCE = float(os.environ.get("CASEBRIDGE_TEST_PATIENCE", "1"))
