"""Each text whose length a mapping can give is measured before it is submitted."""

import re

from case_api.domain.submission import POINTERS
from case_api.postgres.statements import Statement
from case_shared.d365.mapping import CONTACT_AND_NOTES, CaseLengths


def test_a_submission_measures_every_text_that_has_a_length() -> None:
    measured = re.findall(r"WHEN '(\w+)' THEN c\.(\w+)", Statement.SUBMIT_CASES.text)
    assert measured == [(name, name) for name in CaseLengths.model_fields]
    assert f"WHEN '{CONTACT_AND_NOTES}' THEN rtrim(" in Statement.SUBMIT_CASES.text
    assert POINTERS.keys() == {*CaseLengths.model_fields, CONTACT_AND_NOTES}
