"""Metrics of the session layer."""

import re
from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric

from nestmap.metrics.builders import counter, gauge, histogram, level, total
from nestmap.sessions import Sessions
from nestmap.sessions.counts import BatchFigures
from nestmap.sessions.figures import Figures

# Codes that exist from the start, because alerts use them.
EXPECTED = ("session_ended", "unavailable", "overloaded")


def of_batches(sessions: Sessions) -> Iterator[Metric]:
    """Yield the metrics of loads and writes, by statement."""
    batches = {(figures.name,): figures for figures in sessions.batches}
    yield histogram(
        "nestmap_session_batch_size",
        "Loads or writes of sessions that shared one statement.",
        ("statement",),
        {labels: figures.sizes for labels, figures in batches.items()},
    )
    yield histogram(
        "nestmap_session_batch_wait_seconds",
        "Time that the first item of a batch waited before its statement was sent.",
        ("statement",),
        {labels: figures.waits for labels, figures in batches.items()},
    )
    yield histogram(
        "nestmap_session_batch_duration_seconds",
        "Time until the database answered a batch, or failed.",
        ("statement",),
        {labels: figures.durations for labels, figures in batches.items()},
    )
    yield counter(
        "nestmap_session_failures",
        "Loads or writes of sessions that failed, by the kind of the error.",
        ("statement", "kind"),
        _failures(batches.values()),
    )


def of_answers(sessions: Sessions) -> Iterator[Metric]:
    """Yield the metrics of responses."""
    answers = sessions.answers
    yield total(
        "nestmap_session_held_responses",
        "Responses that were held until their session was committed.",
        answers.held,
    )
    yield counter(
        "nestmap_session_error_responses",
        "Error responses of the session layer, by code: 401 session_ended, 503 unavailable ...",
        ("code",),
        {(code,): answers.failed[code] for code in (*EXPECTED, *answers.failed)},
    )


def of_sample(figures: Figures | None) -> Iterator[Metric]:
    """Yield the sessions by state and the size of their table if there is a sample."""
    yield gauge(
        "nestmap_sessions",
        "Sessions at the last sample, by state; expired ones have not been removed yet.",
        ("state",),
        {
            ("authenticated",): figures.authenticated,
            ("anonymous",): figures.anonymous,
            ("expired",): figures.expired,
        }
        if figures
        else {},
    )
    yield gauge(
        "nestmap_sessions_users",
        "People who are signed in, at the last sample.",
        (),
        {(): figures.users} if figures else {},
    )
    yield gauge(
        "nestmap_sessions_table_bytes",
        "Size of the session table with its indexes, at the last sample.",
        (),
        {(): figures.table_bytes} if figures else {},
    )
    yield gauge(
        "nestmap_sessions_sample_timestamp_seconds",
        "When the last sample was taken.",
        (),
        {(): figures.at} if figures else {},
    )


def of_pruning(sessions: Sessions, since: float) -> Iterator[Metric]:
    """Yield the metrics of the pruner; ``since`` is when this process began to serve."""
    yield total("nestmap_sessions_pruned", "Expired sessions removed.", sessions.pruner.removed)
    yield level(
        "nestmap_sessions_last_prune_timestamp_seconds",
        "When a process last pruned without an error, or began to serve.",
        sessions.pruner.pruned_at or since,
    )
    yield level(
        "nestmap_sessions_prune_interval_seconds",
        "SESSION_PRUNE_SECONDS; 0: this site does not prune.",
        sessions.options.prune,
    )


def of_events(sessions: Sessions, since: float) -> Iterator[Metric]:
    """Yield the metrics of the chain of events; ``since`` is as in of_pruning()."""
    yield level(
        "nestmap_events_sealed_timestamp_seconds",
        "When a process last found every event sealed, or sealed it, or began to serve.",
        sessions.seals.sealed_at or since,
    )
    yield level(
        "nestmap_events_unsealed",
        "Events that waited for their seal at the last look (10,000 at most are counted).",
        sessions.chain.unsealed,
    )
    yield level(
        "nestmap_events_chain_faults",
        "Links of the chain of events that are wrong: events were changed, removed or put in.",
        sessions.chain.faults,
    )
    yield total("nestmap_events_links_checked", "Links of the chain checked.", sessions.chain.links)


def _failures(batches: Iterable[BatchFigures]) -> dict[tuple[str, ...], float]:
    """Return the failures by statement and kind, with 0 for statements without failures."""
    found: dict[tuple[str, ...], float] = {}
    for figures in batches:
        found[figures.name, "unavailable"] = 0.0
        for error, count in figures.failures.items():
            found[figures.name, kind_of(error)] = count
    return found


def kind_of(error: type[Exception]) -> str:
    """Return the name of an error for a label: TimedOut gives timed_out."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
