"""G13: a disabled account or a withdrawn role counts from the next request."""

import pytest

from tests.support.sids import sid_of, stored

STATS = "/api/admin/session-stats"


def test_a_withdrawn_role_counts_from_the_next_request(new_admin, shared_database):
    admin = new_admin()
    assert admin.get(STATS).status == 200
    shared_database.execute("update nestmap.users set role = 'user' where email = %s", admin.email)
    assert admin.get(STATS).status == 403
    assert admin.get("/admin").status == 403
    assert admin.session()["user"]["role"] == "user"


def test_a_role_that_is_given_counts_from_the_next_request(visitor, shared_database):
    visitor.register()
    assert visitor.get(STATS).status == 403
    shared_database.execute(
        "update nestmap.users set role = 'admin' where email = %s", visitor.email
    )
    assert visitor.get(STATS).status == 200


def test_a_disabled_account_is_signed_out_from_the_next_request(visitor, shared_database):
    visitor.register()
    disable = "update nestmap.users set disabled_at = now() where email = %s"
    shared_database.execute(disable, visitor.email)
    assert not visitor.signed_in()
    assert visitor.get("/account").status == 302


@pytest.mark.parametrize("leave", [True, False], ids=["sign-out", "sign-in"])
def test_the_session_of_before_a_change_goes_with_the_next_sign_in_or_out(
    visitor, shared_database, leave
):
    """Its cookie is replaced, so no request could end the row by using it."""
    visitor.register()
    sid = sid_of(visitor, shared_database)
    shared_database.execute(
        "update nestmap.users set version = version + 1 where email = %s", visitor.email
    )
    assert not visitor.signed_in()
    assert stored(shared_database, sid)
    assert (visitor.sign_out() if leave else visitor.sign_in()).status in {200, 204}
    assert not stored(shared_database, sid)


def test_a_disabled_account_does_not_sign_in(visitor, shared_database):
    visitor.register()
    visitor.sign_out()
    disable = "update nestmap.users set disabled_at = now() where email = %s"
    shared_database.execute(disable, visitor.email)
    assert visitor.sign_in().error == "invalid_credentials"
    assert not visitor.signed_in()


def test_a_deleted_account_is_signed_out_from_the_next_request(visitor, shared_database):
    visitor.register()
    shared_database.execute("delete from nestmap.users where email = %s", visitor.email)
    assert not visitor.signed_in()
