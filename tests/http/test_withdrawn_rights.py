"""G13: a disabled account or a withdrawn role counts from the next request."""

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
