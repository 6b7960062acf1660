"""The report: Markdown tables, as the README shows them."""

from collections.abc import Iterable

from benchmarks.comparison import Results
from benchmarks.growth import Row, Step
from benchmarks.plan import Plan
from benchmarks.sides import EXPRESS_SIDE, NESTMAP
from benchmarks.wrk import Measure, Work

_GROWTH_METHOD = (
    "Each cell: NestMap / Express. Memory is that of a server started for the line, afterwards."
)


def title(machine: str) -> str:
    return f"### NestMap and Express, measured\n\n{machine}\n"


def comparison(results: dict[str, Results], plan: Plan) -> str:
    """The main table: what each side did, the ratio, and what it must be."""
    ours, theirs = results[NESTMAP.name], results[EXPRESS_SIDE.name]
    bare = ours.rate("reads") / ours.rate("livez")
    rows = [
        _faster("reads a second", ours, theirs, "reads"),
        _faster("writes a second", ours, theirs, "writes"),
        ("reads against our own `/livez`", f"{bare:.2f}", _bare(theirs), "", *_goal(bare, 0.85)),
        _sooner("p99 of reads", ours, theirs, "reads"),
        _sooner("p99 of writes", ours, theirs, "writes"),
        _statements("statements per read", ours, theirs, "reads"),
        _statements("statements per write", ours, theirs, "writes"),
        _plain("p50 of reads", *_both(ours.p50("reads"), theirs.p50("reads"))),
        _plain("p50 of writes", *_both(ours.p50("writes"), theirs.p50("writes"))),
        _plain("a lone read, p50", *_both(ours.lone["reads"].p50, theirs.lone["reads"].p50)),
        _plain("a lone write, p50", *_both(ours.lone["writes"].p50, theirs.lone["writes"].p50)),
        *_cpu(ours, theirs),
        _plain("`/livez` a second, no session", _rate(ours, "livez"), _rate(theirs, "livez")),
        _plain("memory afterwards", f"{ours.memory:.0f} MB", f"{theirs.memory:.0f} MB"),
    ]
    head = ("", NESTMAP.name, EXPRESS_SIDE.name, "ratio", "must reach", "reached")
    return f"{_table(head, rows)}\n\n{_method(plan)}\n"


def growth(tables: dict[str, list[Row]]) -> str:
    """A table for everything that grows: NestMap's figure / Express's figure in each cell."""
    head = ("reads a second", "p99", "writes a second", "p99", "memory")
    parts = [f"#### Growth\n\n{_GROWTH_METHOD}\n"]
    for what, rows in tables.items():
        lines = [
            (row.condition, *_growth_cells(row.steps[NESTMAP.name], row.steps[EXPRESS_SIDE.name]))
            for row in rows
        ]
        parts.append(_table((what, *head), lines) + "\n")
    return "\n".join(parts)


def _method(plan: Plan) -> str:
    return (
        f"One server process each, one PostgreSQL with its default settings, {plan.sessions:,} "
        "sessions with one place each, `wrk -t1 -c64` from the same machine; every write changes "
        f"its session and is committed before the answer. Medians of {plan.rounds} rounds of "
        f"{plan.seconds} s, the sides in turn; in brackets the slowest and the fastest round. "
        "A lone request is one connection. Express renews a session in the database with every "
        "answer (`rolling`), NestMap at most once a minute. Statements are counted as "
        "transactions of `pg_stat_database`: a statement and the `SET LOCAL` that NestMap sends "
        "with it in one string are one. Memory is resident memory of all "
        "processes of the server. Every answer was 2xx, and sessions were looked up afterwards."
    )


def _faster(what: str, ours: Results, theirs: Results, work: Work) -> tuple[str, ...]:
    ratio = ours.rate(work) / theirs.rate(work)
    return (what, _rate(ours, work), _rate(theirs, work), f"{ratio:.2f}", *_goal(ratio, 2.5))


def _sooner(what: str, ours: Results, theirs: Results, work: Work) -> tuple[str, ...]:
    ratio = ours.p99(work) / theirs.p99(work)
    cells = _both(ours.p99(work), theirs.p99(work))
    return (what, *cells, f"{ratio:.2f}", *_limit(ratio, 0.5))


def _cpu(ours: Results, theirs: Results) -> Iterable[tuple[str, ...]]:
    """Processor time, which other work on the machine changes less than it changes the rates."""
    works: tuple[tuple[Work, str, float | None], ...] = (
        ("reads", "read", 0.16),
        ("writes", "write", 0.27),
        ("livez", "`/livez`", None),
    )
    for work, one, most in works:
        for alone in (False, True):
            mine = ours.lone[work].cpu if alone else ours.cpu(work)
            other = theirs.lone[work].cpu if alone else theirs.cpu(work)
            what = f"CPU of a {'lone ' if alone else ''}{one}, server and database"
            goal = _limit(mine / other, most) if most and not alone else ("", "")
            yield (what, f"{mine:.0f} us", f"{other:.0f} us", f"{mine / other:.2f}", *goal)


def _statements(what: str, ours: Results, theirs: Results, work: Work) -> tuple[str, ...]:
    mine, other = ours.statements[work], theirs.statements[work]
    return (what, f"{mine:.3f}", f"{other:.2f}", "", *_limit(mine, 0.1))


def _plain(what: str, ours: str, theirs: str) -> tuple[str, ...]:
    return (what, ours, theirs, "", "", "")


def _bare(results: Results) -> str:
    return f"{results.rate('reads') / results.rate('livez'):.2f}"


def _goal(figure: float, least: float) -> tuple[str, str]:
    return f"{least}", _yes(figure >= least)


def _limit(figure: float, most: float) -> tuple[str, str]:
    return f"{most} or less", _yes(figure <= most)


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


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
        f"{ours.memory:.0f} / {theirs.memory:.0f} MB",
    )


def _rates(ours: Measure, theirs: Measure) -> str:
    return f"{ours.rate:,.0f} / {theirs.rate:,.0f} ({ours.rate / theirs.rate:.1f})"


def _late(ours: Measure, theirs: Measure) -> str:
    return f"{ours.p99:.1f} / {theirs.p99:.1f} ms"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))
