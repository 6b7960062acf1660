"""The error page with a traceback for developers, never used in production."""

import traceback

from tornado.web import RequestHandler


def traceback_page(handler: RequestHandler, error: BaseException, request_id: str) -> bytes:
    """Return the page of an exception, with its traceback."""
    page = (
        handler.settings["template_loader"]
        .load("traceback.html")
        .generate(
            title=traceback.format_exception_only(error)[-1].strip(),
            method=handler.request.method,
            path=handler.request.path,
            request_id=request_id,
            lines="".join(traceback.format_exception(error)),
        )
    )
    return bytes(page)
