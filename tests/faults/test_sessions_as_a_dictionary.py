"""The session layer over a real database does what a dictionary would, whatever is done to it."""

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

from nestmap.sessions import Client, SessionEnded, User
from nestmap.sessions.records import new_sid
from tests.support.layer import open_layer
from tests.support.sessions_model import Request, Sessions

KEYS = st.sampled_from(["trip", "place:x", "\u2603"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


VERBS = st.one_of(
    st.tuples(st.just("put"), KEYS, VALUES),
    st.tuples(st.just("append"), KEYS, VALUES),
    st.tuples(st.just("remove"), st.integers(0, 2)),
    st.tuples(st.just("sign_in"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["sign_out", "rotate"])),
)
VISIT = st.lists(VERBS, min_size=1, max_size=4)
RECENT = st.sampled_from([0, 0, 0, 1, 1, 2, 5])  # the how-manieth cookie from the end
COOKIES = st.lists(RECENT, max_size=2)


class SessionsAsADictionary(RuleBasedStateMachine):
    """Requests load a session, change it and commit it, at once or held back for any time."""

    layer = database = relay = None
    users: tuple[User, ...] = ()

    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.model = Sessions()
        self.cookies: list[str] = [new_sid()]  # the latest last; the first was never good
        self.users_seen: dict[str, int | None] = {}
        self.database.execute("delete from session")

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
        """Where the line is cut after the commit, the same must come of it."""
        plan = self.layer.manager.plan(request.session, Client)
        assert (plan is not None) == request.model.changes_something
        if plan is None:
            return
        if cut:
            self.relay.cut_after_next()
        try:
            written = self.layer.run(self.carry_out(plan))
        except SessionEnded:
            assert not self.model.commit(request.model, request.session.sid)
        else:
            assert self.model.commit(request.model, written and written.sid)
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
        assert self.layer.run(self.layer.pruner.prune()) == self.model.prune()

    # What always holds

    @invariant()
    def what_was_committed_is_there_and_nothing_else(self):
        stored = self.database.all("select sid, sess::text, user_id from session")
        assert {row.sid: (document(row.sess), row.user_id) for row in stored} == {
            sid: (row.data, row.user) for sid, row in self.model.rows.items()
        }

    @invariant()
    def an_ended_sid_never_loads(self):
        loaded = self.layer.run(self.load_all(sorted(self.model.gone)))
        assert [session.stored for session in loaded] == [None] * len(loaded)

    @invariant()
    def the_user_of_a_sid_never_changes(self):
        for sid, row in self.model.rows.items():
            assert self.users_seen.setdefault(sid, row.user) == row.user

    # How

    def put(self, request, key, value):
        request.session[key] = copy.deepcopy(value)
        request.model.put(key, value)

    def append(self, request, key, value):
        """In place, where there is a list."""
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

    def sign_in(self, request, number):
        request.session.sign_in(self.users[number])
        request.model.sign_in(self.users[number].id)

    def sign_out(self, request):
        request.session.sign_out()
        request.model.end()

    def cookie(self, number):
        return self.cookies[-1 - number % len(self.cookies)]

    def load(self, sids):
        session = self.layer.run(self.layer.manager.load(sids))
        sid = next(filter(self.model.live, sids), None)
        row = self.model.live(sid)
        assert (session.stored and session.stored.sid) == sid
        assert dict(session) == (row.data if row else {})
        assert (session.user and session.user.id) == (row.user if row else None)
        loaded = copy.deepcopy(dict(session))
        request = Request(sid, loaded, row.user if row else None)
        return SimpleNamespace(session=session, model=request)

    async def load_all(self, sids):
        return [await self.layer.manager.load([sid]) for sid in sids]

    async def carry_out(self, plan):
        return await self.layer.manager.commit(plan)


def document(text):
    found = json.loads(text)
    assert set(found.pop("cookie")) >= {"originalMaxAge", "expires", "httpOnly", "path"}
    return found


@pytest.fixture
def machine(shared_database, relay):
    add = (
        "insert into nestmap.users (email, password_hash) values (%s, 'none')"
        " on conflict do nothing returning id"
    )
    with open_layer(shared_database.url_at(relay.port)) as layer:
        SessionsAsADictionary.layer = layer
        SessionsAsADictionary.database = shared_database
        SessionsAsADictionary.relay = relay
        SessionsAsADictionary.users = tuple(
            User(shared_database.value(add, email), email, "user")
            for email in ("ada@example.org", "bob@example.org")
        )
        yield SessionsAsADictionary


def test_sessions_are_what_a_dictionary_of_them_would_be(machine):
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
