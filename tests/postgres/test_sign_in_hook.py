"""A SQL function of the site, called in the transaction of a sign-in, and `adopt()`."""

import asyncio

import pytest

from nestmap.database import Refused, SchemaError
from nestmap.sessions import Client, SessionEnded
from nestmap.sessions.planning import plan
from tests.support.layer import open_layer

SHOP = """
create schema shop;
create table shop.baskets (public_id text, user_id text, item text, primary key (public_id, item));
create function shop.take_basket(user_id text, public_id text, data jsonb) returns text[]
language plpgsql as $$
begin
    if data ? 'refuse' then
        raise exception 'the shop is closed';
    end if;
    insert into shop.baskets
    select $2, $1, substr(key, 6)
    from jsonb_object_keys(data) as key
    where starts_with(key, 'item:')
    on conflict do nothing;
    return array(select key from jsonb_object_keys(data) as key where starts_with(key, 'item:'));
end;
$$;
"""
BROWSER = Client("192.0.2.7", "Firefox")


@pytest.fixture
def shop(database):
    database.execute(SHOP)
    with open_layer(database.url, on_sign_in="shop.take_basket") as layer:
        yield layer


def basket(database):
    return [tuple(row) for row in database.all("select user_id, item from shop.baskets order by 2")]


def change(layer, sid, *verbs):
    """Load a session, change it and commit it; return the stored row."""

    async def ask():
        session = await layer.sessions.load([sid] if sid else [])
        for verb in verbs:
            verb(session)
        return await layer.sessions.commit(plan(session, lambda: BROWSER))

    return layer.run(ask())


def load(layer, sid):
    return layer.run(layer.sessions.load([sid]))


def put(**values):
    return lambda session: session.update(values)


def sign_in(session):
    session.sign_in("ada")


def with_item(session):
    session["item:tent"] = 1


def test_items_of_a_visitor_move_at_the_sign_in(shop, database):
    visitor = change(shop, None, with_item, put(theme="dark"))
    assert basket(database) == []
    written = change(shop, visitor.sid, sign_in)
    assert written.taken == ["item:tent"]
    assert basket(database) == [("ada", "tent")]
    assert database.value("select public_id from shop.baskets") == visitor.id == written.id
    assert dict(load(shop, written.sid)) == {"theme": "dark"}


def test_items_stored_by_the_request_that_signs_in_move_too(shop, database):
    stored = change(shop, None, put(theme="dark"))
    for sid in (None, stored.sid):
        written = change(shop, sid, with_item, sign_in)
        assert written.taken == ["item:tent"]
        assert "item:tent" not in load(shop, written.sid)
    assert basket(database) == [("ada", "tent")] * 2


def test_the_hook_is_called_at_a_sign_in_only(shop, database):
    visitor = change(shop, None, with_item)
    rotated = change(shop, visitor.sid, lambda session: session.rotate())
    member = change(shop, None, sign_in)
    change(shop, member.sid, with_item)
    confirmed = change(shop, member.sid, lambda session: session.confirm())
    assert basket(database) == []
    assert dict(load(shop, rotated.sid)) == dict(load(shop, confirmed.sid)) == {"item:tent": 1}


def test_the_hook_sees_what_another_request_committed_meanwhile(shop, database):
    """It gets the data of the locked row, not what the request had loaded."""
    visitor = change(shop, None, with_item)

    async def story():
        session = await shop.sessions.load([visitor.sid])
        other = await shop.sessions.load([visitor.sid])
        other["item:stove"] = 1
        await shop.sessions.commit(plan(other, Client))
        session.sign_in("ada")
        return await shop.sessions.commit(plan(session, Client))

    assert sorted(shop.run(story()).taken) == ["item:stove", "item:tent"]
    assert basket(database) == [("ada", "stove"), ("ada", "tent")]


def test_a_change_after_the_sign_in_does_not_restore_moved_items(shop, database):
    visitor = change(shop, None, with_item)

    async def story():
        late = await shop.sessions.load([visitor.sid])
        late["item:stove"] = 1
        session = await shop.sessions.load([visitor.sid])
        session.sign_in("ada")
        written = await shop.sessions.commit(plan(session, Client))
        with pytest.raises(SessionEnded):
            await shop.sessions.commit(plan(late, Client))
        return await shop.sessions.load([written.sid])

    assert dict(shop.run(story())) == {}
    assert basket(database) == [("ada", "tent")]


def test_the_second_of_two_simultaneous_sign_ins_does_not_restore_moved_items(shop, database):
    visitor = change(shop, None, with_item, put(theme="dark"))

    async def story():
        twice = [await shop.sessions.load([visitor.sid]) for _ in range(2)]
        for session in twice:
            session.sign_in("ada")
        written = [await shop.sessions.commit(plan(session, Client)) for session in twice]
        return [await shop.sessions.load([row.sid]) for row in written]

    first, second = shop.run(story())
    assert (dict(first), dict(second)) == ({"theme": "dark"}, {})
    assert (first.user, second.user) == ("ada", "ada")
    assert first.id != second.id
    assert basket(database) == [("ada", "tent")]


@pytest.mark.parametrize("stored", [True, False])
def test_if_the_hook_fails_nothing_is_changed(shop, database, stored):
    visitor = change(shop, None, with_item) if stored else None
    with pytest.raises(Refused, match="the shop is closed"):
        change(shop, visitor and visitor.sid, put(refuse=1), sign_in)
    # The copy under the new sid, which no client got, is removed in the background.
    assert shop.run(shop.sessions.background.drain(5))
    assert basket(database) == []
    assert database.value("select count(*) from session where user_id is not null") == 0
    if visitor:
        session = load(shop, visitor.sid)
        assert (dict(session), session.user) == ({"item:tent": 1}, None)


def test_if_the_hook_fails_for_one_session_the_others_of_the_batch_are_signed_in(shop, database):
    async def story():
        sessions = [await shop.sessions.load([]) for _ in range(6)]
        for number, session in enumerate(sessions):
            session[f"item:{number}"] = 1
            session.sign_in("ada")
        sessions[3]["refuse"] = 1
        commits = [shop.sessions.commit(plan(session, Client)) for session in sessions]
        return await asyncio.gather(*commits, return_exceptions=True)

    told = shop.run(story())
    assert [number for number, one in enumerate(told) if isinstance(one, Exception)] == [3]
    assert [item for _, item in basket(database)] == ["0", "1", "2", "4", "5"]


def test_a_hook_that_returns_null_takes_nothing(shop, database):
    database.execute(
        "create or replace function shop.take_basket(user_id text, public_id text, data jsonb)"
        " returns text[] language sql as 'select null::text[]'"
    )
    for sid in (None, change(shop, None, with_item).sid):
        written = change(shop, sid, with_item, sign_in)
        assert dict(load(shop, written.sid)) == {"item:tent": 1}
        assert written.taken == []


# Adopting


def adopt(layer, sid):
    async def ask():
        session = await layer.sessions.load([sid])
        return session, await layer.sessions.adopt(session)

    return layer.run(ask())


def test_adopting_takes_the_items_of_a_signed_in_session_and_changes_nothing_else(shop, database):
    member = change(shop, None, sign_in)
    change(shop, member.sid, with_item, put(theme="dark"))
    look = "select sid, id, expire, renewed_at, authenticated_at, user_id, host(ip) as ip, user_agent from session"
    before = database.one(look)
    session, taken = adopt(shop, member.sid)
    assert taken == ["item:tent"]
    assert dict(session) == dict(load(shop, member.sid)) == {"theme": "dark"}
    assert plan(session, Client) is None
    assert basket(database) == [("ada", "tent")]
    assert database.one(look) == before
    assert before.ip == BROWSER.ip
    assert adopt(shop, member.sid)[1] == []


def test_adopting_for_a_visitor_takes_nothing(shop, database):
    visitor = change(shop, None, with_item)
    assert adopt(shop, visitor.sid)[1] == []
    assert shop.run(shop.sessions.adopt(shop.run(shop.sessions.load([])))) == []
    assert basket(database) == []


def test_adopting_for_an_ended_session_raises_an_error(shop, database):
    member = change(shop, None, sign_in)
    change(shop, member.sid, with_item)
    session = load(shop, member.sid)
    assert shop.run(shop.sessions.admin.end(session.id)) == 1
    with pytest.raises(SessionEnded):
        shop.run(shop.sessions.adopt(session))
    assert basket(database) == []
    assert database.value("select count(*) from session") == 0


@pytest.mark.parametrize(
    ("parameters", "result"),
    [("text, text", "text[]"), ("text, text, jsonb", "jsonb")],
    ids=["other parameters", "another result"],
)
def test_a_function_that_cannot_be_called_at_a_sign_in_is_refused_at_the_start(
    database, parameters, result
):
    database.execute("create schema shop")
    database.execute(
        f"create function shop.take({parameters}) returns {result}"
        f" language sql as 'select null::{result}'"
    )
    with (
        open_layer(database.url, on_sign_in="shop.take") as layer,
        pytest.raises(SchemaError, match="on_sign_in"),
    ):
        layer.run(layer.sessions.schema.check())


def test_the_start_does_not_call_the_function(shop, database):
    change(shop, None, put(refuse=1))
    shop.run(shop.sessions.schema.check())
