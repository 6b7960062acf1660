"""Important actions leave an event, and a change of the record of events is found."""

import asyncio
import json
import re

import pytest

import nestmap.database as nestmap_database
from nestmap.sessions import Seals
from tests.support.commands import nestmap
from tests.support.visitor import COOKIE, PASSWORD, Visitor
from tests.support.waiting import wait_until

SEALED = "select count(*) = 0 from nestmap.unsealed_events"


@pytest.fixture
def command(database, tmp_path):
    """Return `command("events", "--verify")`, which runs on the database of the test."""
    return lambda *words, **options: nestmap(
        *words, database_url=database.url, directory=tmp_path, **options
    )


@pytest.fixture
def own_site(database, start_instance):
    return start_instance(database.url)


def kinds_of(database) -> list[str]:
    """Return the kinds of the events that came over HTTP."""
    rows = database.all("select kind from nestmap.events where ip is not null order by id")
    return [row.kind for row in rows]


def faults(database) -> list[str]:
    """Return what `python -m nestmap events --verify` finds, without starting a program."""

    async def verify() -> list[str]:
        to_verify = nestmap_database.Database(nestmap_database.Hosts(database.url))
        try:
            found = await Seals(to_verify).verify()
        finally:
            await to_verify.close()
        return [f"{fault.kind} {fault.event_id}" for fault in found]

    return asyncio.run(verify())


def test_signing_in_and_out_leave_events_with_the_user_and_the_ip_address(own_site, database):
    visitor = Visitor(own_site.url)
    user = visitor.register(headers={"User-Agent": "Tester/1"}).json["user"]
    session = visitor.session()["session"]["id"]
    visitor.sign_out(headers={"User-Agent": "Tester/1"})
    assert kinds_of(database) == ["registered", "signed_in", "signed_out"]
    for row in database.all("select * from nestmap.events where ip is not null"):
        assert (row.user_id, row.actor_id) == (str(user["id"]), str(user["id"]))
        assert (row.ip, row.user_agent) == ("127.0.0.1", "Tester/1")
        if row.kind != "registered":
            assert row.session_id == session


def test_the_event_of_a_failed_sign_in_has_the_account_and_not_the_typed_address(
    own_site, database
):
    visitor = Visitor(own_site.url)
    user = visitor.register().json["user"]
    visitor.sign_in(password="a wrong one, typed")
    other = Visitor(own_site.url)
    other.email = "my-password-typed-into-the-wrong-field@example.org"
    other.sign_in()
    known, unknown = database.all(
        "select * from nestmap.events where kind = 'sign_in_failed' order by id"
    )
    assert known.user_id == str(user["id"])
    assert unknown.user_id is None
    assert "my-password" not in str(database.all("select * from nestmap.events"))


def test_reading_and_pinning_leave_no_event(own_site, database):
    visitor = Visitor(own_site.url)
    visitor.put_place("lisbon")
    visitor.places()
    visitor.delete_place("lisbon")
    assert kinds_of(database) == []


def test_a_sign_in_that_is_not_committed_leaves_no_event(own_site, database):
    visitor = Visitor(own_site.url)
    visitor.register()
    visitor.sign_out()
    before = len(kinds_of(database))
    database.execute(
        "create function refuse() returns trigger language plpgsql"
        " as $$ begin raise 'refused by the test'; end $$"
    )
    database.execute("create trigger refuse before insert on session execute function refuse()")
    assert visitor.sign_in().status == 503
    assert len(kinds_of(database)) == before


def test_forged_cookies_and_cookies_of_two_sessions_are_recorded_once_a_minute(own_site, database):
    first, second = Visitor(own_site.url), Visitor(own_site.url)
    for visitor in (first, second):
        visitor.put_place("lisbon")
    for _ in range(5):
        both = f"{COOKIE}={first.cookie}; {COOKIE}={second.cookie}"
        assert Visitor(own_site.url).get("/api/places", headers={"Cookie": both}).status == 200
        Visitor(own_site.url).get("/api/places", headers={"Cookie": f"{COOKIE}=forged"})
    wait_until(lambda: len(kinds_of(database)) == 2, "the events")
    assert sorted(kinds_of(database)) == ["forged_cookie", "two_sessions"]


def test_ending_ones_other_sessions_leaves_an_event(own_site, database):
    visitor = Visitor(own_site.url)
    visitor.register()
    elsewhere = Visitor(own_site.url)
    elsewhere.email = visitor.email
    elsewhere.sign_in()
    ended = elsewhere.session()["session"]["id"]
    assert visitor.post("/account/sessions/end-others", form={}).status == 303
    row = database.one("select * from nestmap.events where kind = 'session_ended'")
    assert (row.session_id, row.details) == (ended, {"why": "ended by its user"})


def test_a_sign_in_to_another_account_ends_the_session_of_the_first(own_site, database):
    other = Visitor(own_site.url)
    other.register()
    visitor = Visitor(own_site.url)
    visitor.register()
    first = visitor.session()
    visitor.email = other.email
    assert visitor.sign_in().status == 200
    second = visitor.session()
    assert second["session"]["id"] != first["session"]["id"]
    row = database.one("select * from nestmap.events where kind = 'session_ended'")
    assert (row.user_id, row.session_id, row.details) == (
        str(first["user"]["id"]),
        first["session"]["id"],
        {"why": "replaced"},
    )
    signed_in = database.all("select session_id from nestmap.events where kind = 'signed_in'")
    assert (second["session"]["id"],) in signed_in


def test_the_cap_ends_the_session_that_was_used_least_recently(database, start_instance):
    site = start_instance(database.url, SESSIONS_PER_USER=2)
    first, second, third = (Visitor(site.url) for _ in range(3))
    first.register()
    second.email = third.email = first.email
    second.sign_in()
    database.execute(
        "update session set renewed_at = now() - interval '1 hour' where id = %s",
        second.session()["session"]["id"],
    )
    third.sign_in()
    assert [one.signed_in() for one in (first, second, third)] == [True, False, True]
    row = database.one("select * from nestmap.events where kind = 'session_ended'")
    assert row.details == {"why": "over the cap"}


def test_commands_leave_events_with_the_user_of_the_operating_system(command, database):
    made = command("create-user", "ada@example.org", "--admin", stdin=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    row = database.one("select * from nestmap.events")
    assert (row.kind, row.actor_id) == ("registered", None)
    assert row.details["os_user"]


def test_what_a_command_ends_or_changes_is_not_told_as_the_doing_of_its_user(
    command, database, own_site
):
    visitor = Visitor(own_site.url)
    for words in (("end-sessions", visitor.email), ("end-sessions", "--all")):
        visitor.register() if words[1] == visitor.email else visitor.sign_in()
        assert command(*words).returncode == 0
    command("set-role", visitor.email, "admin")
    rows = database.all(
        "select * from nestmap.events where kind in ('session_ended', 'role_changed')"
    )
    assert [row.kind for row in rows] == ["session_ended", "session_ended", "role_changed"]
    assert {row.actor_id for row in rows} == {None}
    assert all(row.details["os_user"] for row in rows)


@pytest.fixture
def record(database):
    """Make six sealed events."""
    for number in range(6):
        database.execute(
            "select nestmap.add_event(jsonb_build_object('kind', 'signed_in', 'user_id', %s))",
            str(number),
        )
    assert database.value("select count(*) from nestmap.seal_events(1000)") == 6
    return [row.id for row in database.all("select id from nestmap.events order by id")]


def head_of(said) -> str:
    return re.search(r"[0-9a-f]{64}", said.stdout)[0]


def test_an_untouched_record_verifies(record, command):
    said = command("events", "--verify")
    assert said.returncode == 0, said.stderr
    assert "nothing was changed" in said.stdout


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("delete from nestmap.events where id = %s", "removed {}"),
        ("delete from nestmap.event_seals where event_id = %s", "gap "),
    ],
)
def test_a_removed_event_or_link_is_found(record, database, change, found):
    database.execute(change, record[2])
    assert [fault for fault in faults(database) if fault.startswith(found.format(record[2]))]


COLUMNS = {
    "at": "at - interval '1 microsecond'",
    "kind": "'signed_out'",
    "user_id": "'7'",
    "actor_id": "'7'",
    "session_id": "'0123456789abcdef'",
    "ip": "'6.6.6.6'",
    "user_agent": "'x'",
    "details": '\'{"why": "x"}\'',
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_in_any_column_of_an_event_is_found(record, database, column):
    change = f"update nestmap.events set {column} = {COLUMNS[column]} where id = %s"
    database.execute(change, record[2])
    assert faults(database) == [f"changed {record[2]}"]


def test_an_event_that_was_changed_together_with_its_link_is_found_by_the_next_link(
    record, database
):
    database.execute("update nestmap.events set user_id = '7' where id = %s", record[2])
    database.execute(
        "update nestmap.event_seals as s"
        " set hash = nestmap.event_hash(before.hash, s.number, s.sealed_at, e)"
        " from nestmap.event_seals as before, nestmap.events as e"
        " where before.number = s.number - 1 and e.id = s.event_id and e.id = %s",
        record[2],
    )
    assert faults(database) == [f"changed {record[3]}"]


def test_every_column_of_an_event_is_sealed(database):
    columns = database.all(
        "select column_name from information_schema.columns"
        " where table_schema = 'nestmap' and table_name = 'events'"
    )
    assert {row.column_name for row in columns} == {"id", *COLUMNS}


def test_the_command_names_what_was_changed(record, command, database):
    database.execute("update nestmap.events set user_id = '7' where id = %s", record[2])
    said = command("events", "--verify")
    assert said.returncode == 1
    assert f"changed: event {record[2]}" in said.stderr


def test_two_events_that_were_swapped_are_found(record, database):
    a, b = record[1], record[2]
    database.execute(
        "update nestmap.event_seals set event_id = case event_id when %s then -1 else -2 end"
        " where event_id in (%s, %s)",
        *(a, a, b),
    )
    database.execute(
        "update nestmap.event_seals set event_id = case event_id when -1 then %s else %s end"
        " where event_id in (-1, -2)",
        *(b, a),
    )
    assert f"changed {b}" in faults(database)


@pytest.mark.parametrize("trigger", ["enable", "disable"])
def test_an_event_that_was_inserted_later_is_found(record, database, trigger):
    database.execute(f"alter table nestmap.events {trigger} trigger events_queue")
    inserted = database.value(
        "insert into nestmap.events (kind, at) values ('signed_in', now() - interval '2 hours')"
        " returning id"
    )
    assert f"inserted {inserted}" in faults(database)


@pytest.mark.long
def test_a_recomputed_or_shortened_chain_is_found_with_a_head_that_was_kept_elsewhere(
    record, command, database
):
    head = head_of(command("events", "--verify"))
    assert command("events", "--verify", "--head", head).returncode == 0
    database.execute("delete from nestmap.event_seals where event_id = %s", record[-1])
    database.execute("delete from nestmap.events where id = %s", record[-1])
    assert command("events", "--verify").returncode == 0, "nothing in the database shows it"
    empty = command("events", "--head", "")
    assert (empty.returncode, empty.stdout, "cut" in empty.stderr) == (1, "", True)
    said = command("events", "--verify", "--head", head)
    assert said.returncode == 1
    assert "cut" in said.stderr


def make_older(database, most: int) -> None:
    """Move the first events and their seals 40 days into the past."""
    database.execute(
        """
        do $$
        declare
            v_before bytea := sha256('nestmap');
            v_event nestmap.events;
            v_seal nestmap.event_seals;
        begin
            update nestmap.events set at = at - interval '40 days'
            where id in (select event_id from nestmap.event_seals where number <= %s);
            for v_seal in select * from nestmap.event_seals where number > 0 order by number loop
                if v_seal.number <= %s then
                    v_seal.sealed_at := v_seal.sealed_at - interval '40 days';
                end if;
                select * into v_event from nestmap.events where id = v_seal.event_id;
                v_before := nestmap.event_hash(
                    v_before, v_seal.number, v_seal.sealed_at, v_event
                );
                update nestmap.event_seals set sealed_at = v_seal.sealed_at, hash = v_before
                where number = v_seal.number;
            end loop;
        end $$
        """,
        *(most, most),
    )


def test_the_record_verifies_after_pruning_too(record, database):
    make_older(database, 3)
    assert faults(database) == []
    assert database.value("select nestmap.prune_events(1, 1000)") == 3
    assert database.value("select count(*) from nestmap.events where id = any(%s)", record[:3]) == 0
    assert faults(database) == []
    database.execute("delete from nestmap.events where id = %s", record[3])
    assert f"removed {record[3]}" in faults(database)


def test_no_event_younger_than_30_days_is_pruned(record, database):
    assert database.value("select nestmap.prune_events(0, 1000)") == 0


def test_a_removed_beginning_without_a_record_of_pruning_is_found(record, database):
    database.execute("delete from nestmap.event_seals where number < 3")
    database.execute("update nestmap.event_seals set event_id = null where number = 3")
    database.execute("delete from nestmap.events where id <= %s", record[2])
    assert "beginning None" in faults(database)


def test_events_are_exported_as_json_lines(record, command):
    said = command("events")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert [line["id"] for line in lines] == sorted(record, reverse=True)


def test_each_event_is_written_to_the_log(database, start_instance):
    site = start_instance(database.url, LOG_FORMAT="json")
    visitor = Visitor(site.url)
    visitor.register()
    visitor.sign_out()
    wait_until(lambda: database.value(SEALED), "the events to be sealed")
    site.stop()
    lines = [json.loads(line) for line in site.output.splitlines() if line.startswith("{")]
    logged = [line["event"]["kind"] for line in lines if "event" in line]
    assert logged[-3:] == kinds_of(database) == ["registered", "signed_in", "signed_out"]
    assert visitor.email not in site.output
