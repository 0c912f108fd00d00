"""Examples of the operators' documents, by the names of their models; a test compares them with the schemas."""

from typing import Any

from d365_sync.web.examples_of_delivery import DELIVERY
from d365_sync.web.examples_of_documents import DOCUMENTS

EXAMPLES: dict[str | tuple[str, str], Any] = {**DOCUMENTS, **DELIVERY}
