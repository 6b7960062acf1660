"""Follow redirects, as a browser does."""

from urllib.parse import urlsplit

from tests.support.visitor import Answer, Visitor


def follow(visitor: Visitor, answer: Answer) -> Answer:
    """Return the page to which an answer leads in the end."""
    for _ in range(5):
        if answer.status not in {301, 302, 303, 308}:
            return answer
        parts = urlsplit(answer.location)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = visitor.get(path, headers={"Sec-Fetch-Site": "same-origin"})
    raise AssertionError(f"redirected for ever, to {answer.location} at last")


def destination(visitor: Visitor, answer: Answer) -> str:
    """Return where a post leads, past the page that looks for the first cookie of a browser."""
    assert answer.status == 303, answer.text
    if answer.location.startswith("/cookies?"):
        answer = visitor.get(answer.location)
    return answer.location


def fragment(visitor: Visitor, answer: Answer) -> str:
    """Return the part after # of the address to which an answer leads in the end."""
    found = ""
    while answer.status in {301, 302, 303, 308}:
        found = urlsplit(answer.location).fragment or found
        answer = visitor.get(answer.location.partition("#")[0])
    return found
