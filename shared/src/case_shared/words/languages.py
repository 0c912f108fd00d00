"""What `Accept-Language` (RFC 9110, section 12.5.4) asks for."""

import re

_MOST = 20
_TAG = re.compile(r"[a-z]{1,8}(-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)


def accepted_languages(header: str) -> list[str]:
    """Return the language tags of a header, most wanted first, in lower case; omits what makes no sense."""
    ranked: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST]:
        tag, _, quality = part.replace(" ", "").partition(";q=")
        try:
            wanted = float(quality or 1)
        except ValueError:
            continue
        if _TAG.fullmatch(tag) and wanted > 0:
            ranked.append((-wanted, tag.lower()))
    return [tag for _, tag in sorted(ranked, key=lambda entry: entry[0])]


def language_of(tag: str) -> str:
    """Return the language of a tag: `de` of `de-AT`."""
    return tag.partition("-")[0].lower()
