"""The name of the layer's connections in pg_stat_activity, by which the layer finds its waiting commits."""

import pytest

from nestmap.database import Hosts
from tests.support.layer import open_layer

NAMES = """
select distinct application_name
from pg_stat_activity
where datname = current_database()
  and backend_type = 'client backend'  -- autovacuum has no name
  and pid <> pg_backend_pid()
"""


def names(database, url, **options):
    """Return the names of the connections of a layer that has read, written and counted."""
    with open_layer(url, **options) as layer:
        layer.run(layer.sessions.schema.check())
        layer.run(layer.sessions.admin.figures())
        layer.run(layer.sessions.pruner.prune())
        return [name for (name,) in database.all(NAMES)]


def named_in_the_url(database, name):
    separator = "&" if "?" in database.url else "?"
    return f"{database.url}{separator}application_name={name}"


def test_they_have_the_name_of_the_option(database):
    assert names(database, database.url) == ["nestmap"]
    assert names(database, database.url, application_name="shop") == ["shop"]


def test_they_have_it_if_the_hosts_are_given_as_a_value(database):
    assert names(database, Hosts(database.url), application_name="shop") == ["shop"]


def test_the_name_in_the_connection_string_wins(database):
    url = named_in_the_url(database, "of-the-operator")
    assert names(database, url, application_name="shop") == ["of-the-operator"]


def test_an_empty_name_in_the_connection_string_counts_as_none(database):
    assert names(database, named_in_the_url(database, ""), application_name="shop") == ["shop"]


def test_an_empty_option_is_refused(database):
    with pytest.raises(ValueError, match="application_name must not be empty"):
        names(database, database.url, application_name="")
