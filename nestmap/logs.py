"""Logs: one line an event, as text for people or as JSON for machines."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

# The fields that an access line carries beside its message.
FIELDS = ("request_id", "method", "path", "status", "milliseconds", "ip")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; no line ever holds a header, a body or a query string."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """The same for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")


def configure_logs(level: str, form: str) -> None:
    """Send every log line to standard error, in the form "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Malformed requests are the client's affair, and Tornado's lines repeat what was sent.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("tornado.access").disabled = True
    # aiopg reports every statement that the server cancels; nestmap.database raises it as TimedOut.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
