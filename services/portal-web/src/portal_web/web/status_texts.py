"""What an HTTP status means for a user, in words."""

from portal_web.web.words import Words


def explain(status: int, words: Words) -> tuple[str, str]:
    """Title and advice for an HTTP status."""
    if status in {401, 403}:
        return words("You do not have permission to do this"), words("Ask your administrator for access.")
    if status == 404:
        advice = words("Check the address. The page may have been deleted, or you may not have access to it.")
        return words("Page not found"), advice
    if status == 409:
        return words("This is no longer possible"), words("It has changed in the meantime. Go back and check it.")
    if status == 413:
        return words("This is too long"), words("Shorten the text and send it again.")
    if status == 429:
        return words("Too many requests"), words("Wait a minute and try again.")
    if status < 500:
        return words("This is not possible"), words("Go back, check your entries, and try again.")
    if status == 503:
        advice = words("Nothing was lost. Wait a moment and try again.")
        return words("The service is not responding"), advice
    return words("Something went wrong on our side"), words("The error was recorded. Try again: nothing is done twice.")
