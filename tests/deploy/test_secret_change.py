"""The secret of the cookies is changed as docs/operations.md says, and users stay signed in."""

import pytest

from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

OLD = {"SESSION_SECRET": "the-first-secret-of-this-site-0123456789", "SESSION_SECRET_PREVIOUS": ""}
NEW_SECRET = "another-secret-of-this-site-9876543210"
STEPS = [
    OLD | {"SESSION_SECRET_PREVIOUS": NEW_SECRET},
    {"SESSION_SECRET": NEW_SECRET, "SESSION_SECRET_PREVIOUS": OLD["SESSION_SECRET"]},
    {"SESSION_SECRET": NEW_SECRET, "SESSION_SECRET_PREVIOUS": ""},
]


def test_users_stay_signed_in_while_two_instances_change_their_secret(database, start_instance):
    instances = [start_instance(database.url, SESSION_TOUCH_SECONDS=0, **OLD) for _ in range(2)]
    urls = [instance.url for instance in instances]
    everyone = [arrived(urls, at=0)]
    for settings in STEPS:
        for number, instance in enumerate(instances):
            assert instance.stop() == 0
            instances[number] = start_instance(
                database.url, SESSION_TOUCH_SECONDS=0, PORT=instance.port, **settings
            )
            # From both instances, for people who signed in at any time, and at either.
            everyone.append(arrived(urls, at=number))
            assert all(one.signed_in(at=at) for one in everyone for at in (0, 1))
            # A form of one instance is sent to the other, and its message is shown by the first.
            for at in (0, 1):
                fields = everyone[0].form_fields(at=at)
                path = "/account/sessions/end-others"
                sent = everyone[0].post(path, form=fields, at=1 - at)
                assert "other sessions are ended" in everyone[0].get(sent.location, at=at).text


def arrived(urls, at: int) -> Visitor:
    visitor = Visitor(*urls)
    assert visitor.register(at=at).status == 201
    return visitor
