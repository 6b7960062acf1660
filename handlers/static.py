"""Static files, with the headers of the site."""

from tornado.web import StaticFileHandler

from handlers.headers import SECURITY


class SiteStaticHandler(StaticFileHandler):
    """GET /static/...; Tornado does the rest."""

    def set_extra_headers(self, path: str) -> None:
        """Put the usual headers on."""
        self.clear_header("Server")
        for name, value in SECURITY.items():
            self.set_header(name, value)
