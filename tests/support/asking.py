"""Run statements through nestmap.database, without the site."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nestmap.database import Database, Hosts, Limits, ignore_cancelled_statements

Answer = TypeVar("Answer")


def ask(url: str, work: Callable[[Database], Awaitable[Answer]], **limits: float) -> Answer:
    """Run `work` on a Database with these limits, then close it."""

    async def with_database() -> Answer:
        asyncio.get_running_loop().set_exception_handler(ignore_cancelled_statements)
        database = Database(Hosts(url), Limits(**limits))
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(with_database())
