"""The account page lists the sessions of the user and ends them."""

from tests.support.page import Page, submit


def own_session(visitor) -> str:
    return visitor.session()["session"]["id"]


def test_the_account_page_lists_the_sessions_of_the_user_only(visitor, new_visitor):
    visitor.register()
    elsewhere, other = visitor.twin(), new_visitor()
    elsewhere.jar.clear()
    elsewhere.sign_in()
    other.register()
    text = Page(visitor.get("/account")).text
    assert visitor.email in text
    assert own_session(visitor) in text
    assert own_session(elsewhere) in text
    assert own_session(other) not in text


def test_a_session_is_ended_from_the_account_page(visitor):
    visitor.register()
    lost_phone = visitor.twin()
    lost_phone.jar.clear()
    lost_phone.sign_in()
    page = visitor.get("/account")
    form = Page(page).form(button=f"End session {own_session(lost_phone)}")
    assert submit(visitor, page, form, "/account").status == 303
    assert not lost_phone.signed_in()
    assert visitor.signed_in()


def test_all_other_sessions_are_ended_at_once(visitor):
    visitor.register()
    others = [visitor.twin() for _ in range(3)]
    for other in others:
        other.jar.clear()
        other.sign_in()
    page = visitor.get("/account")
    form = Page(page).form(button="all other")
    assert form.action == "/account/sessions/end-others"
    assert submit(visitor, page, form, "/account").status == 303
    assert not any(other.signed_in() for other in others)
    assert visitor.signed_in()


def test_a_user_cannot_end_the_session_of_another_user(visitor, new_visitor):
    visitor.register()
    victim = new_visitor()
    victim.register()
    answer = visitor.post(f"/account/sessions/{own_session(victim)}/end", form={})
    assert answer.status in {303, 404}
    assert victim.signed_in()
    assert new_visitor().post(f"/account/sessions/{own_session(victim)}/end", form={}).status in {
        302,
        303,
        401,
        403,
    }
    assert victim.signed_in()


def test_an_administrator_ends_any_session(new_admin, visitor):
    visitor.register()
    admin = new_admin()
    page = admin.get("/admin")
    assert visitor.email in Page(page).text
    form = Page(page).form(button=f"End session {own_session(visitor)}")
    assert submit(admin, page, form, "/admin").status == 303
    assert not visitor.signed_in()
    assert admin.signed_in()


def test_only_an_administrator_ends_sessions_of_others(visitor, new_visitor):
    victim = new_visitor()
    victim.register()
    visitor.register()
    path = f"/admin/sessions/{own_session(victim)}/end"
    assert visitor.post(path, form={}).status == 403
    assert victim.signed_in()


def test_a_head_request_is_redirected_to_the_sign_in_too(visitor):
    got, head = visitor.get("/account?a=b"), visitor.request("HEAD", "/account?a=b")
    assert (head.status, head.location) == (got.status, got.location) == (302, got.location)
    assert head.location.startswith("/login?next=")
