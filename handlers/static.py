"""Static files, with the headers and the error pages of the site."""

import errno
from collections.abc import Generator
from datetime import datetime
from typing import Any

from tornado.web import HTTPError, StaticFileHandler

from handlers.access_log import count_answer
from handlers.errors import answer_for, error_body, error_headers
from handlers.headers import new_request_id, usual_headers


class SiteStaticHandler(StaticFileHandler):
    """GET /static/...; Tornado does the rest."""

    def set_default_headers(self) -> None:
        """Set the usual headers."""
        self.clear_header("Server")
        self.request_id = new_request_id(self.request, self.settings["services"])
        for name, value in usual_headers(self.settings["services"], self.request_id).items():
            self.set_header(name, value)

    def on_finish(self) -> None:
        """Count the answer."""
        count_answer(self)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the path; 404 for a name that no file can have."""
        if "\0" in absolute_path:
            raise HTTPError(404)
        return super().validate_absolute_path(root, absolute_path)

    def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
        """Allow long caching only under the file's own version.

        A shared cache that is asked for the version of the next release today would keep today's
        file under that name.
        """
        version = self.get_query_argument("v", "")
        own = bool(version) and version == self.get_version(self.settings, path)
        return self.CACHE_MAX_AGE if own else 0

    def set_extra_headers(self, path: str) -> None:
        """Otherwise make caches revalidate; with the ETag the body is not sent again."""
        if "Cache-Control" not in self._headers:
            self.set_header("Cache-Control", "no-cache")

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        """Yield the whole content: read in parts, the file would stay open during a slow response.

        503 if the process has as many files and connections open as it may have.
        """
        try:
            content = b"".join(super().get_content(abspath, start, end))
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            raise HTTPError(503, "no descriptor is left to open %s", abspath) from None
        yield content

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the error page of the site."""
        answer = answer_for(None, status_code)
        for name, value in error_headers(answer, page=True).items():
            self.set_header(name, value)
        self.finish(error_body(answer, self, self.request_id))
