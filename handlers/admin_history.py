"""The history of the figures: as JSON, and as curves for the dashboard."""

import time
from dataclasses import dataclass
from typing import Any

from handlers.access import Access
from handlers.base import BaseHandler
from handlers.curves import Chart, Span, chart
from handlers.errors import SiteError
from handlers.words import iso
from nestmap.sessions import HistoryPoint

FAILED = "sign_in_failed"  # the kind of event

SPANS = {
    "day": Span(86400, 900),
    "week": Span(7 * 86400, 7200),
    "month": Span(30 * 86400, 28800),
}

STATES = {"active": "Live sessions", "authenticated": "Signed in", "users": "People signed in"}
CHANGES = {
    "new": "Begun",
    "signed_in": "Signed in",
    "ended": "Ended",
    "expired": "Expired",
    "failed_sign_ins": "Failed sign-ins",
}


@dataclass(frozen=True, slots=True)
class Charts:
    """The two charts of the dashboard, and the points that they show, in a span."""

    span: str
    states: Chart
    changes: Chart
    points: list[dict[str, Any]]


class HistoryHandler(BaseHandler):
    """GET /api/admin/history?span=day."""

    access = Access.ADMIN

    async def get(self) -> None:
        """Answer with the figures of the last day, week or month, in steps, oldest first."""
        name, span = span_of(self)
        points = [point_json(point) for point in await _points(self, span)]
        self.finish_json({"span": name, "step_seconds": span.step, "points": points})


def span_of(handler: BaseHandler) -> tuple[str, Span]:
    """Return the span of the query; SiteError 400 for an unknown one."""
    name = handler.get_query_argument("span", "day")
    if name not in SPANS:
        raise SiteError(400, "invalid_span", "span is day, week or month.")
    return name, SPANS[name]


async def curves_of(handler: BaseHandler) -> Charts:
    """Return the curves for the span of the query."""
    name, span = span_of(handler)
    found = await _points(handler, span)
    points = [point_json(point) | {"moment": point.at} for point in found]
    now = time.time()
    # The first and the last step are incomplete.
    whole = [one for one in points if now - span.seconds <= one["moment"] <= now - span.step]
    return Charts(name, chart(STATES, points, span, now), chart(CHANGES, whole, span, now), points)


async def _points(handler: BaseHandler, span: Span) -> list[HistoryPoint]:
    return await handler.sessions.admin.history(span.seconds, span.step)


def point_json(point: HistoryPoint) -> dict[str, Any]:
    """Return one step as JSON: averages of states, and numbers of events."""
    return {
        "at": iso(point.at),
        "total": point.total,
        "active": point.active,
        "authenticated": point.authenticated,
        "anonymous": point.active - point.authenticated,
        "users": point.users,
        "new": point.created,
        "signed_in": point.signed_in,
        "ended": point.ended,
        "expired": point.expired,
        "failed_sign_ins": point.events.get(FAILED, 0),
        "table_bytes": point.table_bytes,
    }
