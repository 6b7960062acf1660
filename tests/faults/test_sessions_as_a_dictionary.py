"""The session layer on a real database gives the same results as a model made of dictionaries."""

import asyncio
import copy
import json
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from nestmap.sessions import Client, SessionEnded
from nestmap.sessions.planning import plan
from nestmap.sessions.sid import new_sid
from tests.support.layer import open_layer
from tests.support.sessions_model import Sessions

pytestmark = pytest.mark.long

KEYS = st.sampled_from(["trip", "place:x", "\u2603"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


PEOPLE = """
create table people (id text primary key, version integer not null default 1);
insert into people (id) values ('ada'), ('bob');
"""
STORED = """
select
    sid,
    sess::text,
    user_id,
    user_version::integer as version,
    extract(epoch from authenticated_at)::float8 as proved_at
from session
"""

VERBS = st.one_of(
    st.tuples(st.just("put"), KEYS, VALUES),
    st.tuples(st.just("append"), KEYS, VALUES),
    st.tuples(st.just("remove"), st.integers(0, 2)),
    st.tuples(st.just("sign_in"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["sign_out", "rotate", "confirm"])),
)
VISIT = st.lists(VERBS, min_size=1, max_size=4)
RECENT = st.sampled_from([0, 0, 0, 1, 1, 2, 5])  # which of the cookies so far, counted from the end
COOKIES = st.lists(RECENT, max_size=2)


class SessionsAsADictionary(RuleBasedStateMachine):
    """Requests load a session, change it and commit it, at once or after other requests."""

    layer = database = relay = None
    users = ("ada", "bob")

    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.model = Sessions(*self.users)
        self.cookies: list[str] = [new_sid()]  # the newest is the last; the first was never valid
        self.users_seen: dict[str, str | None] = {}
        self.database.execute("delete from session")
        self.database.execute("delete from nestmap.session_endings")
        self.database.execute("update people set version = 1")

    @rule(cookies=COOKIES, verbs=VISIT, cut=st.booleans())
    def visit(self, cookies, verbs, cut):
        self.commit(self.begin(cookies, verbs), cut)

    @rule(target=held, cookies=COOKIES, verbs=VISIT)
    def begin(self, cookies, verbs):
        request = self.load([self.cookie(number) for number in cookies])
        for verb, *arguments in verbs:
            getattr(self, verb)(request, *arguments)
        return request

    @rule(request=consumes(held), cut=st.booleans())
    def commit(self, request, cut):
        """A connection that is cut after the commit must not change the result."""
        if request.model.refused:
            with pytest.raises(SessionEnded):
                plan(request.session, Client)
            return
        write = plan(request.session, Client)
        assert (write is not None) == request.model.changes_something
        if write is None:
            return
        if cut:
            self.relay.cut_after_next()
        try:
            written = self.layer.run(self.carry_out(write))
        except SessionEnded:
            assert not self.model.commit(request.model, None, None)
        else:
            left = (written.sid, written.authenticated_at) if written else (None, None)
            assert self.model.commit(request.model, *left)
            self.cookies += [written.sid] if written else []
        finally:
            self.relay.heal()

    @rule(number=RECENT)
    def expire(self, number):
        sid = self.cookie(number)
        if self.model.live(sid):
            self.database.execute(
                "update session set expire = now() at time zone 'utc' where sid = %s", sid
            )
            self.model.expire(sid)

    @rule()
    def prune(self):
        assert self.layer.run(self.layer.sessions.pruner.prune()) == self.model.prune()

    @rule(number=st.integers(0, 1))
    def change_credentials(self, number):
        """As a new password does, end the user's sessions and the sign-ins under way."""
        user = self.users[number]
        self.database.execute("update people set version = version + 1 where id = %s", user)
        self.model.change_credentials(user)

    # Invariants

    @invariant()
    def what_was_committed_is_there_and_nothing_else(self):
        stored = self.database.all(STORED)
        assert {
            row.sid: (document(row.sess), row.user_id, row.version, row.proved_at) for row in stored
        } == {
            sid: (row.data, row.user, row.version, row.proved_at)
            for sid, row in self.model.rows.items()
        }

    @invariant()
    def an_ended_sid_never_loads(self):
        loaded = self.layer.run(self.load_all(sorted(self.model.gone)))
        assert [session.stored for session in loaded] == [None] * len(loaded)

    @invariant()
    def a_session_of_other_credentials_never_loads(self):
        sids = sorted(self.model.rows)
        loaded = self.layer.run(self.load_all(sids))
        assert [session.stored is not None for session in loaded] == [
            self.model.loads(sid) for sid in sids
        ]

    @invariant()
    def the_user_of_a_sid_never_changes(self):
        for sid, row in self.model.rows.items():
            assert self.users_seen.setdefault(sid, row.user) == row.user

    # Helpers

    def put(self, request, key, value):
        request.session[key] = copy.deepcopy(value)
        request.model.put(key, value)

    def append(self, request, key, value):
        """Append to a list in place, or store a new one."""
        if isinstance(request.model.data.get(key), list):
            request.session[key].append(copy.deepcopy(value))
            request.model.data[key] = [*request.model.data[key], value]

    def remove(self, request, number):
        if request.model.data:
            key = sorted(request.model.data)[number % len(request.model.data)]
            del request.session[key]
            request.model.remove(key)

    def rotate(self, request):
        if not request.model.ended:
            request.session.rotate()
            request.model.rotate()

    def confirm(self, request):
        if not request.model.ended:
            request.session.confirm()
            request.model.confirm()

    def sign_in(self, request, number):
        user = self.users[number]
        version = self.database.value("select version from people where id = %s", user)
        request.session.sign_in(user, version)
        request.model.sign_in(user, version)

    def sign_out(self, request):
        request.session.sign_out()
        request.model.end()

    def cookie(self, number):
        return self.cookies[-1 - number % len(self.cookies)]

    def load(self, sids):
        session = self.layer.run(self.layer.sessions.load(list(dict.fromkeys(sids))))
        model = self.model.load(sids)
        assert (session.stored and session.stored.sid) == model.sid
        assert dict(session) == model.data
        assert session.user == model.user
        assert (session.lapsed is not None) == model.lapsed
        assert not model.lapsed or session.lapsed.reason in model.reasons
        return SimpleNamespace(session=session, model=model)

    async def load_all(self, sids):
        return await asyncio.gather(*(self.layer.sessions.load([sid]) for sid in sids))

    async def carry_out(self, write):
        return await self.layer.sessions.commit(write)


def document(text):
    found = json.loads(text)
    assert set(found.pop("cookie")) >= {"originalMaxAge", "expires", "httpOnly", "path"}
    return found


@pytest.fixture
def machine(shared_database, relay):
    shared_database.execute(PEOPLE)
    url, query = (
        shared_database.url_at(relay.port),
        "select version from people where id = :user_id",
    )
    with open_layer(url, lapsed="refuse", user_query=query) as layer:
        SessionsAsADictionary.layer = layer
        SessionsAsADictionary.database = shared_database
        SessionsAsADictionary.relay = relay
        yield SessionsAsADictionary


def test_sessions_behave_as_the_model_does(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
