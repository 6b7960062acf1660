"""Download the places of the account, for other programs."""

from handlers.base import BaseHandler
from handlers.errors import SiteError
from handlers.places_of import every_place
from nestmap.places import csv_table, geojson

FORMATS = {
    "geojson": (geojson, "application/geo+json"),
    "csv": (csv_table, "text/csv; charset=UTF-8"),
}


class DownloadHandler(BaseHandler):
    """GET /account/places?format=geojson or csv, the same at /api/account/places."""

    async def get(self) -> None:
        """Answer with a file."""
        name = self.get_query_argument("format", "geojson")
        if name not in FORMATS:
            raise SiteError(400, "invalid_format", "The format is geojson or csv.")
        write, kind = FORMATS[name]
        places = await every_place(self)
        self.set_header("Content-Type", kind)
        self.set_header("Content-Disposition", f'attachment; filename="nestmap-places.{name}"')
        self.finish(write(places))
