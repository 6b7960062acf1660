"""Logs: one line per event, as text or as JSON; times are UTC."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from nestmap.output import STDERR, LineWriter

# The fields that a line may carry beside its message.
ACCESS = ("request_id", "method", "path", "status", "milliseconds", "ip", "user_id", "session_id")
FIELDS = (*ACCESS, "event")


class JsonFormatter(logging.Formatter):
    """Formats a line as a JSON object, without headers, bodies and query strings."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        values = {name: getattr(record, name, None) for name in FIELDS}
        line |= {name: value for name, value in values.items() if value is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Only ASCII: text from a client must not move the cursor of a terminal that shows the log.
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """Formats a line as text for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, _: str | None = None) -> str:  # noqa: N802
        """Return the time with its UTC offset, which the base class omits."""
        return _time(record)


class QueueHandler(logging.Handler):
    """Passes lines to a thread, so that a slow reader of the log delays no request."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._writer = LineWriter(STDERR, self._lost_line)

    def emit(self, record: logging.LogRecord) -> None:
        """Format the line and pass it on; never waits."""
        try:
            self._writer.put(self.format(record))
        except Exception:  # noqa: BLE001 (logging's own rule: a line of the log fails alone)
            self.handleError(record)

    def flush(self) -> None:
        """Wait until the lines are written, for a second at most."""
        self._writer.flush()

    def _lost_line(self, count: int) -> str:
        message = "%d lines of the log were dropped: its reader was too slow"
        record = logging.LogRecord(
            "nestmap.logs", logging.WARNING, __file__, 0, message, (count,), None
        )
        return self.format(record)


def configure_logs(level: str, form: str) -> None:
    """Send every log line to standard error, in the form "text" or "json"."""
    handler = QueueHandler(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Malformed requests are errors of clients, and Tornado's lines contain what was sent.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("tornado.access").disabled = True
    # aiopg reports every statement that the server cancels; nestmap.database raises it as TimedOut.
    logging.getLogger("asyncio").setLevel(logging.ERROR)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
