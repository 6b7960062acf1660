"""Statements that a connection keeps prepared: PostgreSQL plans them once and not each time.

To plan a statement that joins two tables can take longer than to run it. The driver has no prepared
statements of the protocol, so these are made by PREPARE and run by EXECUTE.
"""

import hashlib
import re

PLACEHOLDER = re.compile(r"%\((\w+)\)s")

# The statement is no longer there, or another user of the same connection made it: a connection
# pooler in between, which nothing gave away when the connection was opened.
LOST_SQLSTATES = ("26000", "42P05")

# One plan for every call. It must suit a table that has grown since: without this, a plan made for
# an empty table reads the whole table.
_ONE_PLAN = "set local plan_cache_mode = force_generic_plan;\nset local enable_seqscan = off;\n"


class Prepared:
    """A statement with ``%(name)s`` where parameters go, whose types follow from the text.

    It is prepared under ``name`` and a hash of its text. ``plain`` is what is sent where nothing can
    be prepared.
    """

    def __init__(self, name: str, sql: str) -> None:
        self.plain = sql
        self.name = f"{name}_{hashlib.sha256(sql.encode()).hexdigest()[:8]}"
        names = list(dict.fromkeys(PLACEHOLDER.findall(sql)))
        numbered = PLACEHOLDER.sub(lambda match: f"${names.index(match[1]) + 1}", sql)
        self._prepare = f"prepare {self.name} as\n{numbered.rstrip().rstrip(';')};\n"
        values = ", ".join(f"%({name})s" for name in names)
        self._execute = f"execute {self.name}" + (f" ({values})" if names else "")

    def on(self, prepared: set[str]) -> str:
        """Return what to send on a connection that has prepared these, and note that it does now."""
        first = self.name not in prepared
        prepared.add(self.name)
        return _ONE_PLAN + (self._prepare if first else "") + self._execute
