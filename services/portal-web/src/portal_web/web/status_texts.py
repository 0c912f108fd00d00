"""What an HTTP status means for a user, in words."""

from collections.abc import Mapping

from portal_web.web.words import N_, Words

# Title and advice.
_TEXTS: Mapping[int, tuple[str, str]] = {
    401: (
        N_("The service does not accept your sign-in"),
        N_("Sign in again. If this page comes back, contact the operator of the portal."),
    ),
    403: (N_("You do not have permission to do this"), N_("Ask your administrator for access.")),
    404: (
        N_("Page not found"),
        N_("Check the address. The page may have been deleted, or you may not have access to it."),
    ),
    409: (N_("This is no longer possible"), N_("It has changed in the meantime. Go back and check it.")),
    413: (N_("This is too long"), N_("Shorten the text and send it again.")),
    429: (N_("Too many requests"), N_("Wait a minute and try again.")),
    503: (N_("The service is not responding"), N_("Nothing was lost. Wait a moment and try again.")),
}
_REFUSED = N_("This is not possible"), N_("Go back, check your entries, and try again.")
_FAILED = (
    N_("Something went wrong on our side"),
    N_("The error was recorded. Try again: nothing is done twice."),
)


def explain(status: int, words: Words) -> tuple[str, str]:
    """Title and advice for an HTTP status."""
    title, advice = _TEXTS.get(status, _REFUSED if status < 500 else _FAILED)
    return words(title), words(advice)
