"""What each finding says and what to do about it, in English; portal-web translates these very texts.

`%(name)s` is replaced by a value: a setting, an entity set, a field, or D365's own words.
"""

from collections.abc import Mapping

from case_shared.d365.check.text import Text
from case_shared.d365.check.texts_of_access import ACCESS
from case_shared.d365.check.texts_of_use import USE

TEXTS: Mapping[str, Text] = {**ACCESS, **USE}
