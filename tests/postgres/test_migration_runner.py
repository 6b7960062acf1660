"""The runner of migrations, with folders made for the tests."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Self

import psycopg2
import pytest

from nestmap.database import Database, Hosts, Locked, Migrations, SchemaError, migrate, pending
from tests.support.migrating import applied_by, begin_migrating, kill
from tests.support.waiting import wait_until

TABLE = "create table {schema}.thing (id integer primary key, filled integer not null default 0);"
ROWS = "insert into thing (id) select generate_series(1, 1000)"

# Each file counts in each row how often it was applied.
BATCHES = """\
-- run: repeat
update thing set filled = filled + 1
where id in (select id from thing where filled = 0 order by id limit 100 for update)
"""
INDEX = (
    "-- run: concurrently\ncreate index concurrently thing_filled_idx on public.thing (filled);\n"
)
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('thing_filled_idx')"
SLOT = "select pg_advisory_xact_lock(1);"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return `write("0001-thing.sql", TABLE, ...)`, which makes a folder with these files."""

    def write(*names_and_texts: str) -> Path:
        folder = tmp_path / "migrations"
        folder.mkdir(exist_ok=True)
        for name, text in zip(names_and_texts[::2], names_and_texts[1::2], strict=True):
            (folder / name).write_text(text.replace("{schema}", "public"))
        return folder

    return write


@pytest.fixture
def begin(empty_database) -> Iterator[Callable[[Path], Popen[str]]]:
    """Return `begin(folder)`, which starts a process that applies it to `empty_database`."""
    begun = []

    def begin(folder: Path) -> Popen[str]:
        begun.append(begin_migrating(empty_database.url, folder))
        return begun[-1]

    yield begin
    for process in begun:
        kill(process)


def apply(url: str, *folders: Migrations, patience: float = 30, lock_seconds: float = 0.5) -> int:
    return asyncio.run(migrate(Hosts(url), folders, patience, lock_seconds=lock_seconds))


def pending_in(url: str, *folders: Migrations) -> list[str]:
    async def ask() -> list[str]:
        database = Database(Hosts(url))
        try:
            return await pending(database, folders)
        finally:
            await database.close()

    return asyncio.run(ask())


def recorded(database) -> list[tuple[str, int, str]]:
    return database.all("select folder, number, name from nestmap.migrations order by 1, 2")


def test_files_are_applied_in_order_and_once(empty_database, write):
    folder = Migrations(
        "test", write("0001-thing.sql", TABLE, "0002-column.sql", "alter table thing add x int;")
    )
    assert pending_in(empty_database.url, folder) == ["test 0001-thing", "test 0002-column"]
    assert apply(empty_database.url, folder) == 2
    assert apply(empty_database.url, folder) == 0
    assert pending_in(empty_database.url, folder) == []
    assert recorded(empty_database) == [("test", 1, "0001-thing"), ("test", 2, "0002-column")]


def test_a_folder_is_applied_to_each_table_and_recorded_for_each(empty_database, tmp_path):
    (tmp_path / "0001-table.sql").write_text(
        "create table {schema}.{table} (x text[] default '{}', y text default '{unknown}');"
    )
    one, two = (
        Migrations(f"sessions:public.{table}", tmp_path, {"schema": "public", "table": table})
        for table in ("one", "two")
    )
    assert apply(empty_database.url, one, two) == 2
    empty_database.execute("insert into one default values")
    assert empty_database.one("select x, y from one") == ([], "{unknown}")
    checksums = empty_database.all("select distinct checksum from nestmap.migrations")
    assert len(checksums) == 1


def test_a_file_that_was_edited_is_refused_by_name(empty_database, write):
    apply(empty_database.url, Migrations("test", write("0001-thing.sql", TABLE)))
    edited = Migrations("test", write("0001-thing.sql", TABLE + "\n-- a better comment"))
    with pytest.raises(SchemaError, match="test 0001-thing was edited"):
        apply(empty_database.url, edited)
    with pytest.raises(SchemaError, match="test 0001-thing was edited"):
        pending_in(empty_database.url, edited)


def test_other_line_ends_do_not_count_as_an_edit(empty_database, write):
    folder = write("0001-thing.sql", TABLE + "\n")
    apply(empty_database.url, Migrations("test", folder))
    (folder / "0001-thing.sql").write_bytes(
        (folder / "0001-thing.sql").read_bytes().replace(b"\n", b"\r\n")
    )
    assert pending_in(empty_database.url, Migrations("test", folder)) == []


@pytest.mark.parametrize("name", ["0003-gap.sql", "0001-twice.sql", "2-short.sql", "0002_x.sql"])
def test_a_wrong_number_or_name_is_refused(write, name):
    folder = Migrations("test", write("0001-thing.sql", TABLE, name, "select 1;"))
    with pytest.raises(SchemaError, match=r"0001-thing\.sql|" + name):
        folder.files()


def test_an_unknown_run_directive_is_refused(write):
    with pytest.raises(SchemaError, match=r"0001-thing\.sql has an unknown '-- run:'"):
        Migrations("test", write("0001-thing.sql", "-- run: sometimes\nselect 1;")).files()


def test_a_database_of_a_newer_version_is_accepted(empty_database, write):
    folder = write("0001-thing.sql", TABLE, "0002-newer.sql", "select 1;")
    apply(empty_database.url, Migrations("test", folder))
    (folder / "0002-newer.sql").unlink()
    assert apply(empty_database.url, Migrations("test", folder)) == 0


def test_the_error_of_wrong_sql_names_its_file_and_nothing_is_applied(empty_database, write):
    folder = Migrations("test", write("0001-thing.sql", TABLE + "select 1 from nothing;"))
    with pytest.raises(SchemaError, match="test 0001-thing failed: 42P01"):
        apply(empty_database.url, folder)
    assert empty_database.value("select to_regclass('thing')") is None


@pytest.mark.long
def test_six_processes_at_once_apply_each_file_once(empty_database, write, begin):
    folder = write(
        "0001-thing.sql", TABLE + ROWS, "0002-batches.sql", BATCHES, "0003-index.sql", INDEX
    )
    started = [begin(folder) for _ in range(6)]
    assert sum(applied_by(process) for process in started) == 3
    assert [row.number for row in recorded(empty_database)] == [1, 2, 3]
    assert empty_database.all("select distinct filled from thing") == [(1,)]
    assert empty_database.value(VALID) is True


def test_a_process_that_is_killed_in_a_transaction_leaves_nothing(empty_database, write, begin):
    folder = write("0001-thing.sql", TABLE + SLOT)
    with empty_database.transaction(SLOT):
        killed = begin(folder)
        empty_database.wait_for_blocked()
        kill(killed)
    assert apply(empty_database.url, Migrations("test", folder)) == 1
    assert recorded(empty_database) == [("test", 1, "0001-thing")]


def test_the_next_start_continues_after_a_kill_between_batches(empty_database, write, begin):
    folder = write("0001-thing.sql", TABLE + ROWS)
    apply(empty_database.url, Migrations("test", folder))
    write("0002-batches.sql", BATCHES)
    with empty_database.transaction("select from thing where id = 550 for update"):
        killed = begin(folder)
        empty_database.wait_for_blocked()
        kill(killed)
        assert empty_database.value("select count(*) from thing where filled = 1") == 500
    assert apply(empty_database.url, Migrations("test", folder)) == 1
    assert empty_database.all("select filled, count(*) from thing group by 1") == [(1, 1000)]


@pytest.mark.parametrize("unfinished", ["goes on at the server", "is dead"])
def test_the_next_start_finishes_an_index_after_a_kill_during_its_build(
    empty_database, write, begin, unfinished
):
    """It waits for a build that the server continues, and repeats one that was left unfinished."""
    folder = write("0001-thing.sql", TABLE + ROWS)
    apply(empty_database.url, Migrations("test", folder))
    write("0002-index.sql", INDEX)
    with empty_database.transaction("insert into thing (id) values (0)"):
        killed = begin(folder)
        wait_until(lambda: building(empty_database), "the build to wait for the transaction")
        kill(killed)
        if unfinished == "is dead":
            empty_database.execute(
                "select pg_terminate_backend(pid) from pg_stat_progress_create_index"
            )
            wait_until(lambda: not building(empty_database), "the build to end")
        else:
            with pytest.raises(Locked, match="thing_filled_idx is being built"):
                apply(empty_database.url, Migrations("test", folder), patience=0)
        assert empty_database.value(VALID) is False
    assert apply(empty_database.url, Migrations("test", folder)) == 1
    assert empty_database.value(VALID) is True


def building(database) -> bool:
    return database.value("select count(*) from pg_stat_progress_create_index") == 1


@pytest.mark.long
def test_a_migration_waits_for_a_reader_without_blocking_other_programs(
    empty_database, write, caplog
):
    """Their statements queue behind ours only while it waits for its lock."""
    folder = write("0001-thing.sql", TABLE)
    apply(empty_database.url, Migrations("test", folder))
    write("0002-column.sql", "-- lock: public.thing\nalter table thing add x int;")
    lock_seconds = 0.2
    with Readers(empty_database.url, "select count(*) from thing") as others:
        began = time.monotonic()
        with (
            empty_database.transaction("select count(*) from thing"),
            pytest.raises(Locked, match=r"public\.thing is locked by pid \d+"),
        ):
            apply(
                empty_database.url,
                Migrations("test", folder),
                patience=4,
                lock_seconds=lock_seconds,
            )
        took = time.monotonic() - began
        assert apply(empty_database.url, Migrations("test", folder)) == 1
    # Without a lock timeout the slowest would have waited until the reader ended.
    assert lock_seconds / 2 < others.slowest < took / 2
    assert sum("waiting, test 0002-column" in line for line in caplog.messages) == 1


class Readers:
    """Another program: runs one statement after the other and records the slowest time."""

    def __init__(self, url: str, sql: str) -> None:
        self.slowest = 0.0
        self._sql = sql
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _read(self) -> None:
        with self._connection.cursor() as cursor:
            while not self._stop.wait(0.005):
                began = time.monotonic()
                cursor.execute(self._sql)
                self.slowest = max(self.slowest, time.monotonic() - began)


def test_writers_are_not_blocked_while_an_index_is_built(empty_database, write, begin):
    folder = write("0001-thing.sql", TABLE + ROWS)
    apply(empty_database.url, Migrations("test", folder))
    write("0002-index.sql", INDEX)
    with empty_database.transaction("insert into thing (id) values (0)"):
        process = begin(folder)
        wait_until(lambda: building(empty_database), "the build to wait for the transaction")
        # A statement of a test fails after 20 s; the build has no limit.
        assert empty_database.execute("update thing set filled = 2 where id = 1") == 1
    assert applied_by(process) == 1


class TestARoleThatMayOnlyServe:
    @pytest.fixture
    def url(self, empty_database, cluster, write):
        """Return the address of the database for a role that may only read the records."""
        apply(empty_database.url, Migrations("test", write("0001-thing.sql", TABLE)))
        empty_database.execute("create role servant login")
        empty_database.execute("grant usage on schema nestmap to servant")
        empty_database.execute("grant select on nestmap.migrations to servant")
        yield empty_database.url.replace("//postgres:", "//servant:")
        empty_database.execute("drop owned by servant; drop role servant")

    def test_starts_when_nothing_is_pending(self, url, write):
        folder = Migrations("test", write())
        assert pending_in(url, folder) == []
        assert apply(url, folder) == 0

    def test_gets_an_error_with_the_pending_files(self, url, write):
        folder = Migrations("test", write("0002-column.sql", "alter table thing add x int;"))
        assert pending_in(url, folder) == ["test 0002-column"]
        with pytest.raises(SchemaError, match=r"may not apply .* Pending: test 0002-column"):
            apply(url, folder)

    def test_gets_an_error_if_it_may_not_read_the_records(self, url, write, empty_database):
        empty_database.execute("revoke usage on schema nestmap from servant")
        with pytest.raises(SchemaError, match="grant it usage on schema nestmap"):
            pending_in(url, Migrations("test", write()))


def test_limits_of_the_role_do_not_end_a_long_build(empty_database, write, begin):
    """Batches and files have our own limits; a build has none, also if the role has some."""
    folder = write("0001-thing.sql", TABLE + ROWS)
    apply(empty_database.url, Migrations("test", folder))
    write("0002-index.sql", INDEX)
    for setting in ("statement_timeout", "lock_timeout"):
        empty_database.execute(f"alter database \"{empty_database.name}\" set {setting} = '100ms'")
    with empty_database.transaction("insert into thing (id) values (0)"):
        process = begin(folder)
        wait_until(lambda: building(empty_database), "the build to wait for the transaction")
        wait_until(
            lambda: empty_database.value(
                "select count(*) from pg_stat_activity join pg_stat_progress_create_index using (pid)"
                " where clock_timestamp() - query_start > interval '300 ms'"
            ),
            "the build to take longer than the limits",
        )
    assert applied_by(process) == 1
