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
        self.prepare = f"prepare {self.name} as\n{numbered.rstrip().rstrip(';')};\n"
        values = ", ".join(f"%({name})s" for name in names)
        self.execute = f"execute {self.name}" + (f" ({values})" if names else "")


class PreparedOnes:
    """The prepared statements of one connection."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._doubtful = False

    def text(self, statement: Prepared) -> str:
        """Return the text to send for ``statement``; then call ``succeeded()`` or ``failed()``."""
        if statement.name in self._names:
            return statement.execute
        # This is no error if there are none, unlike the deallocation of one.
        begin = "deallocate all;\n" if self._doubtful else ""
        return begin + statement.prepare + statement.execute

    def succeeded(self, statement: Prepared) -> None:
        """Record that ``statement`` is prepared."""
        self._names.add(statement.name)
        self._doubtful = False

    def failed(self, statement: Prepared) -> None:
        """Record an error: the first time, of PREPARE (such as a lock) or only of EXECUTE."""
        if statement.name not in self._names:
            self._names.clear()
            self._doubtful = True
