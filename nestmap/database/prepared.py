"""Prepared statements, which PostgreSQL plans once per connection.

Planning a statement that joins two tables can take longer than running it. The driver does not
support prepared statements of the protocol, so these use PREPARE and EXECUTE.
"""

import hashlib
import re

PLACEHOLDER = re.compile(r"%\((\w+)\)s")

# The statement does not exist, or exists already: there is a connection pooler that was not detected
# when the connection was opened.
LOST_SQLSTATES = ("26000", "42P05")

# One plan for all calls, which must suit a table that grows later: otherwise, a plan for an empty
# table would scan the whole table.
ONE_PLAN = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}


class Prepared:
    """A statement with ``%(name)s`` where parameters go, whose types follow from the text.

    Its name is ``name`` and a hash of its text. ``plain`` is sent if statements can't be prepared.
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
        """Return the text to send on a connection with these prepared statements; add this one to them."""
        first = self.name not in prepared
        prepared.add(self.name)
        return (self._prepare if first else "") + self._execute
