"""G11: rows that another program wrote into our table are read or replaced, without an error."""

import pytest

from tests.support.sids import sid_of

DOCUMENTS = {
    "a NUL": r'{"cookie": {}, "x": "a\u0000b"}',
    "a NUL in a key": r'{"cookie": {}, "a\u0000b": 1}',
    "a NUL in the cookie": r'{"cookie": {"path": "\u0000"}}',
    "six characters that spell a NUL": r'{"cookie": {}, "x": "a\\u0000b"}',
    "half a character": r'{"cookie": {}, "x": "\ud800"}',
    "300 levels": f'{{"cookie": {{}}, "x": {"[" * 300}{"]" * 300}}}',
    "9000 levels": f'{{"cookie": {{}}, "x": {"[" * 9000}{"]" * 9000}}}',
    "a list": "[]",
    "null": "null",
    "a cookie that is a number": '{"cookie": 7}',
    "a place that is a number": '{"cookie": {}, "place:x": 5}',
    "a place without a name": '{"cookie": {}, "place:x": {"name": null, "note": [1]}}',
    "a number past all doubles": '{"cookie": {}, "x": 1e999999}',
    "a number of 30 digits": '{"cookie": {}, "x": 123456789012345678901234567890}',
}
TIMES = {"year 20000": "20000-01-01", "infinity": "infinity"}
CHANGES = [pytest.param("sess", document, id=name) for name, document in DOCUMENTS.items()]
CHANGES += [pytest.param("expire", time, id=name) for name, time in TIMES.items()]


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_an_unusual_row_of_another_program_causes_no_error(visitor, shared_database, column, value):
    visitor.put_place("lisbon")
    sid = sid_of(visitor, shared_database)
    shared_database.execute(f"update session set {column} = %s where sid = %s", value, sid)
    for path in ("/", "/login", "/api/places", "/api/auth/session"):
        answer = visitor.get(path)
        assert answer.status == 200, answer.text
    assert visitor.put_place("oslo").status == 201
    assert "oslo" in visitor.place_ids()
    assert visitor.register().status == 201
    assert "oslo" in visitor.place_ids()
    assert visitor.sign_out().status == 204


def test_keys_of_another_program_are_kept(visitor, shared_database):
    """The other program may need them, also keys that only look invalid."""
    visitor.put_place("lisbon")
    sid = sid_of(visitor, shared_database)
    document = r'{"cookie": {"a": 1}, "x": "\\u0000", "place:y": 5}'
    shared_database.execute("update session set sess = %s where sid = %s", document, sid)
    assert visitor.put_place("oslo").status == 201
    assert sid_of(visitor, shared_database) == sid
    sess = shared_database.value("select sess from session where sid = %s", sid)
    assert (sess["x"], sess["place:y"]) == ("\\u0000", 5)
    assert visitor.place_ids() == ["oslo"]
