"""The report: Markdown tables, as docs/performance.md shows them."""

from collections.abc import Iterable

from benchmarks.comparison import Results
from benchmarks.growth import Row, Step
from benchmarks.plan import Plan
from benchmarks.sides import EXPRESS_SIDE, NESTMAP, SIDES
from benchmarks.wrk import Measure, Work

_GROWTH_METHOD = (
    "Each cell: NestMap / Express. Memory is that of a server started for the line, afterwards."
)
_ROWS = "Sessions in the table"
_MOST_VALLEY = 1.3


def title(machine: str) -> str:
    return f"### NestMap and Express, measured\n\n{machine}\n"


def comparison(results: dict[str, Results], plan: Plan) -> str:
    """Return the main table: the results of each side, the ratio and its goal; then the bare servers."""
    ours, theirs = results[NESTMAP.name], results[EXPRESS_SIDE.name]
    rows = [
        _faster("reads a second", ours, theirs, "reads", 4.5),
        _faster("writes a second", ours, theirs, "writes", 3.0),
        _faster("`/livez` a second", ours, theirs, "livez", 1.6),
        _cheaper("CPU of a read", ours, theirs, "reads", 0.16),
        _cheaper("CPU of a write", ours, theirs, "writes", 0.27),
        _sooner("p99 of reads", ours.p99("reads"), theirs.p99("reads"), 0.5),
        _sooner("p99 of writes", ours.p99("writes"), theirs.p99("writes"), 0.5),
        _sooner("p50 of a lone read", ours.lone["reads"].p50, theirs.lone["reads"].p50, 0.7),
        _sooner("p50 of a lone write", ours.lone["writes"].p50, theirs.lone["writes"].p50, 1.0),
        _statements("statements per read", ours, theirs, "reads"),
        _statements("statements per write", ours, theirs, "writes"),
        _plain("p50 of reads", *_both(ours.p50("reads"), theirs.p50("reads"))),
        _plain("p50 of writes", *_both(ours.p50("writes"), theirs.p50("writes"))),
        _lone("CPU of a lone read", ours, theirs, "reads"),
        _lone("CPU of a lone write", ours, theirs, "writes"),
        _plain("memory afterwards", f"{ours.memory:.0f} MB", f"{theirs.memory:.0f} MB"),
    ]
    head = ("", NESTMAP.name, EXPRESS_SIDE.name, "ratio", "must reach", "reached")
    return f"{_table(head, rows)}\n\n{_without_session(results)}\n\n{_method(plan)}\n"


def growth(tables: dict[str, list[Row]]) -> str:
    """Return a table for each growing quantity, with NestMap / Express in each cell."""
    head = ("reads a second", "p99", "writes a second", "p99", "a lone write, p50", "memory")
    parts = [f"#### Growth\n\n{_GROWTH_METHOD}\n"]
    for what, rows in tables.items():
        lines = [
            (row.condition, *_growth_cells(row.steps[NESTMAP.name], row.steps[EXPRESS_SIDE.name]))
            for row in rows
        ]
        parts.append(_table((what, *head), lines) + "\n")
        if what == _ROWS:
            parts.append(_valley([row.steps[NESTMAP.name].lone.p50 for row in rows]))
    return "\n".join(parts)


def _without_session(results: dict[str, Results]) -> str:
    """Return the table of requests without sessions."""
    rows = [
        (
            side.name,
            _rate(results[side.name], "livez"),
            f"{results[side.name].p50('livez'):.2f} ms",
            f"{results[side.name].p99('livez'):.2f} ms",
            f"{results[side.name].cpu('livez'):.0f} us",
            f"{results[side.name].lone['livez'].p50:.2f} ms",
            f"{results[side.name].lone['livez'].cpu:.0f} us",
        )
        for side in SIDES
    ]
    head = ("`/livez`, no session", "a second", "p50", "p99", "CPU", "alone: p50", "alone: CPU")
    return _table(head, rows)


def _valley(times: list[float]) -> str:
    ratio = max(times) / min(times)
    return (
        f"A lone write, the slowest line against the fastest: {ratio:.2f}; must be {_MOST_VALLEY} "
        f"or less: {_yes(ratio <= _MOST_VALLEY)}.\n"
    )


def _method(plan: Plan) -> str:
    return (
        f"One server process each, one PostgreSQL with its default settings, {plan.sessions:,} "
        "sessions with one place each, `wrk -t1 -c64` from the same machine; every write changes "
        f"its session and is committed before the answer. Medians of {plan.rounds} rounds of "
        f"{plan.seconds} s, the sides in turn; in brackets the slowest and the fastest round. "
        "A lone request is one connection. CPU is processor time per request, of server + database. "
        "Express renews a session in the database with every "
        "answer (`rolling`), NestMap at most once a minute. Statements are counted as "
        "transactions of `pg_stat_database`: a statement and the `SET LOCAL` that NestMap sends "
        "with it in one string are one. Memory is resident memory of all "
        "processes of the server. Every answer was 2xx, and sessions were looked up afterwards."
    )


def _faster(what: str, ours: Results, theirs: Results, work: Work, least: float) -> tuple[str, ...]:
    ratio = ours.rate(work) / theirs.rate(work)
    return (
        *(what, _rate(ours, work), _rate(theirs, work), f"{ratio:.2f}"),
        *(f"{least}", _yes(ratio >= least)),
    )


def _cheaper(what: str, ours: Results, theirs: Results, work: Work, most: float) -> tuple[str, ...]:
    """Return a line for CPU time, which depends less on other work on the machine than rates do."""
    cells = (_cpu(*side.parts_of_cpu(work)) for side in (ours, theirs))
    ratio = ours.cpu(work) / theirs.cpu(work)
    return (what, *cells, f"{ratio:.2f}", *_limit(ratio, most))


def _sooner(what: str, ours: float, theirs: float, most: float) -> tuple[str, ...]:
    ratio = ours / theirs
    return (what, *_both(ours, theirs), f"{ratio:.2f}", *_limit(ratio, most))


def _lone(what: str, ours: Results, theirs: Results, work: Work) -> tuple[str, ...]:
    mine, other = ours.lone[work], theirs.lone[work]
    cells = (_cpu(one.server_cpu, one.database_cpu) for one in (mine, other))
    return (what, *cells, f"{mine.cpu / other.cpu:.2f}", "", "")


def _statements(what: str, ours: Results, theirs: Results, work: Work) -> tuple[str, ...]:
    mine, other = ours.statements[work], theirs.statements[work]
    return (what, f"{mine:.3f}", f"{other:.2f}", "", *_limit(mine, 0.05))


def _plain(what: str, ours: str, theirs: str) -> tuple[str, ...]:
    return (what, ours, theirs, "", "", "")


def _limit(figure: float, most: float) -> tuple[str, str]:
    return f"{most} or less", _yes(figure <= most)


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _cpu(server: float, database: float) -> str:
    return f"{server:.0f} + {database:.0f} us"


def _rate(results: Results, work: Work) -> str:
    slowest, fastest = results.spread(work)
    return f"{results.rate(work):,.0f} ({slowest:,.0f} to {fastest:,.0f})"


def _both(ours: float, theirs: float) -> tuple[str, str]:
    return f"{ours:.2f} ms", f"{theirs:.2f} ms"


def _growth_cells(ours: Step, theirs: Step) -> tuple[str, ...]:
    return (
        _rates(ours.reads, theirs.reads),
        _late(ours.reads, theirs.reads),
        _rates(ours.writes, theirs.writes),
        _late(ours.writes, theirs.writes),
        f"{ours.lone.p50:.2f} / {theirs.lone.p50:.2f} ms",
        f"{ours.memory:.0f} / {theirs.memory:.0f} MB",
    )


def _rates(ours: Measure, theirs: Measure) -> str:
    return f"{ours.rate:,.0f} / {theirs.rate:,.0f} ({ours.rate / theirs.rate:.1f})"


def _late(ours: Measure, theirs: Measure) -> str:
    return f"{ours.p99:.1f} / {theirs.p99:.1f} ms"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))
