"""Checks a container's health: requests PROBE_URL and exits with 0 if the answer is 200."""

import os
import sys
import urllib.request

TIMEOUT_SECONDS = 3

try:
    urllib.request.urlopen(os.environ["PROBE_URL"], timeout=TIMEOUT_SECONDS).close()  # noqa: S310 - our own address
except OSError as error:  # includes HTTP errors: a stuck part answers 503
    sys.exit(str(error))
