"""What the API says of a user."""

from typing import Any

from nestmap.accounts import User


def user_json(user: User) -> dict[str, Any]:
    """The JSON object {id, email, role}."""
    return {"id": user.id, "email": user.email, "role": user.role}
