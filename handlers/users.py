"""A user in the JSON of the API."""

from typing import Any

from nestmap.accounts import User


def user_json(user: User) -> dict[str, Any]:
    """Return the JSON object {id, email, role}."""
    return {"id": user.id, "email": user.email, "role": user.role}
