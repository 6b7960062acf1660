"""Several statements on one connection."""

from typing import Any

from nestmap.database.connection import Connection, Parameters, Result, Row
from nestmap.database.deadline import counted, seconds_left


class Transaction:
    """The methods of Database on one connection."""

    def __init__(self, connection: Connection, limit: float) -> None:
        self._connection = connection
        self._limit = limit

    async def all(self, sql: str, parameters: Parameters = None) -> list[Row]:
        """Return every row of the result, as tuples."""
        return (await self._run(sql, parameters)).rows

    async def one(self, sql: str, parameters: Parameters = None) -> Row | None:
        """Return the first row as a tuple, or None if there is none."""
        rows = await self.all(sql, parameters)
        return rows[0] if rows else None

    async def rows(self, sql: str, parameters: Parameters = None) -> list[dict[str, Any]]:
        """Return every row of the result, each with its values by column name."""
        return (await self._run(sql, parameters)).by_name()

    async def execute(self, sql: str, parameters: Parameters = None) -> int:
        """Return the number of rows that the statement changed."""
        return (await self._run(sql, parameters)).affected

    async def _run(self, sql: str, parameters: Parameters) -> Result:
        with counted():
            return await self._connection.run(sql, parameters, seconds_left(self._limit))
