"""The table as connect-pg-simple 10 makes it, with rows as express-session 1.19 writes them."""

import json

from tests.support.database import Database

TABLE = """
create table "session" (
  "sid" varchar not null collate "default",
  "sess" json not null,
  "expire" timestamp(6) not null
)
with (oids=false);
alter table "session" add constraint "session_pkey"
    primary key ("sid") not deferrable initially immediate;
create index "IDX_session_expire" on "session" ("expire");
"""
DOCUMENT = {
    "cookie": {
        "originalMaxAge": 43200000,
        "expires": "2026-11-24T05:17:01.525Z",
        "secure": False,
        "httpOnly": True,
        "path": "/",
        "sameSite": "strict",
    },
    "user": "bob",
}


def make_express_table(database: Database, rows: int = 3) -> None:
    database.execute(TABLE)
    for number in range(rows):
        database.execute(
            "insert into session values (%s, %s, now() at time zone 'utc' + interval '6 hours')",
            f"express-{number}",
            json.dumps(DOCUMENT),
        )
