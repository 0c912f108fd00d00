"""What an HTTP status means for a visitor, in words."""

from portal_web.web.words import Words

Told = tuple[str, str]


def told(status: int, words: Words) -> Told:
    """Title and advice for an HTTP status."""
    if status in {401, 403}:
        return words("You may not do this"), words("Ask your administrator for the right to it.")
    if status == 404:
        advice = words("It may have been deleted, or belong to a dealer that is not yours.")
        return words("There is no such page"), advice
    if status == 409:
        return words("This is not possible any more"), words("It has changed in the meantime. Look at it again.")
    if status == 413:
        return words("This is too long"), words("Shorten the text, and send it again.")
    if status == 429:
        return words("Too many requests"), words("Wait a minute, and try again.")
    if status < 500:
        return words("This cannot be done"), words("Go back, check what you entered, and try again.")
    if status == 503:
        advice = words("Nothing was lost. Wait a moment, and try again.")
        return words("The service does not answer right now"), advice
    return words("Something failed on our side"), words("It was recorded. Try again; nothing was done twice.")
