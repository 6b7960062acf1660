"""Background work must continue, too."""

from tests.support.database import Database
from tests.support.instance import Instance
from tests.support.sids import sid_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

EXPIRE = "update session set expire = now() at time zone 'utc' - interval '1 s' where sid = %s"
GONE = "select not exists (select from session where sid = %s)"


def assert_background_goes_on(site: Instance, database: Database) -> None:
    """Check that a site that prunes every second still prunes, and that no background task failed."""
    leaving = Visitor(site.url)
    leaving.put_place("lisbon")
    sid = sid_of(leaving, database)
    database.execute(EXPIRE, sid)
    wait_until(lambda: database.value(GONE, sid), "the pruner to go on")
    assert "Traceback" not in site.output
    assert "failed" not in site.output.replace("prune failed, will try again", "")
