"""Follow redirects, as a browser does."""

from urllib.parse import urlsplit

from tests.support.visitor import Answer, Visitor


def follow(visitor: Visitor, answer: Answer) -> Answer:
    """Return the page at the end of the redirects of a response."""
    for _ in range(5):
        if answer.status not in {301, 302, 303, 308}:
            return answer
        parts = urlsplit(answer.location)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = visitor.get(path, headers={"Sec-Fetch-Site": "same-origin"})
    raise AssertionError(f"too many redirects, the last to {answer.location}")


def destination(visitor: Visitor, answer: Answer) -> str:
    """Return where a post leads, skipping the page that checks for a browser's first cookie."""
    assert answer.status == 303, answer.text
    if answer.location.startswith("/cookies?"):
        answer = visitor.get(answer.location)
    return answer.location


def fragment(visitor: Visitor, answer: Answer) -> str:
    """Return the part after # of the last address in the redirects of a response."""
    found = ""
    while answer.status in {301, 302, 303, 308}:
        found = urlsplit(answer.location).fragment or found
        answer = visitor.get(answer.location.partition("#")[0])
    return found
