"""The site for the tests of the API, and its administrator."""

import pytest

from tests.api.walk import registered


@pytest.fixture(scope="module")
def site(shared_database, relay, start_shared_instance):
    settings = {
        "SIGN_IN_ACCOUNT_FAILURES": 2,
        "TRUST_PROXY": "on",
        "REGISTRATIONS_PER_HOUR": 30,
        "NEW_SESSIONS_PER_MINUTE": 20,
        "SESSION_MAX_BYTES": 3000,
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    return start_shared_instance(shared_database.url_at(relay.port), **settings)


@pytest.fixture(scope="module")
def admin(site, shared_database):
    admin = registered(site.url)
    shared_database.execute("update nestmap.users set role = 'admin' where email = %s", admin.email)
    return admin
