"""Databases that are not UTF-8: text is stored unchanged, or refused with a message."""

import pytest

from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

WORDS = "São Paulo 東京 🗺"


@pytest.fixture
def in_encoding(fragile):
    """Return `in_encoding("LATIN1")`, which makes a database with this encoding."""
    made = []

    def make(encoding: str):
        made.append(fragile.database(f"site_in_{encoding.lower()}"))
        postgres = fragile.database("postgres")
        postgres.execute(
            f"create database {made[-1].name} template template0 encoding '{encoding}' locale 'C'"
        )
        postgres.close()
        return made[-1]

    yield make
    for database in made:
        fragile.drop(database)


def names(visitor: Visitor) -> list[str]:
    return [place["name"] for place in visitor.places()]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "UTF8"])
def test_every_character_is_kept(in_encoding, start_instance, encoding):
    instance = start_instance(in_encoding(encoding).url, PGCLIENTENCODING="LATIN1")
    visitor = Visitor(instance.url)
    assert visitor.put_place("there", name=WORDS).status == 201
    assert names(visitor) == [WORDS]


def test_latin1_stores_its_own_characters_and_refuses_others_with_a_message(
    in_encoding, start_instance
):
    instance = start_instance(in_encoding("LATIN1").url)
    assert "the encoding of the database is LATIN1" in instance.output
    visitor = Visitor(instance.url)
    assert visitor.put_place("there", name="São Paulo").status == 201
    refused = visitor.put_place("there", name=WORDS)
    assert (refused.status, refused.error) == (400, "unsupported_character")
    assert names(visitor) == ["São Paulo"]
