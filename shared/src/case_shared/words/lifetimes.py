"""How long a token is valid, by what its endpoint says."""

_LONGEST_SECONDS = 86_400.0


def lifetime(expires_in: object) -> float | None:
    """Return the seconds of an `expires_in`, a day at most; None where it is no usable number (RFC 6749, section 5.1).

    Some endpoints send a string, such as Entra's v1.
    """
    try:
        seconds = float(expires_in) if isinstance(expires_in, (int, float, str)) else 0.0
    except (ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_SECONDS) if seconds > 0 else None
