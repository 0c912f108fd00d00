"""Health check of a container: asks PROBE_URL, and ends with 0 where the answer is a 200."""

import os
import sys
import urllib.request

TIMEOUT_SECONDS = 3

try:
    urllib.request.urlopen(os.environ["PROBE_URL"], timeout=TIMEOUT_SECONDS).close()  # noqa: S310 - our own address
except OSError as error:  # also the HTTP errors: a part that is stuck answers 503
    sys.exit(str(error))
