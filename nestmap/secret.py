"""The development secret: made once, kept in DATA_DIR, so that a restart signs nobody out."""

import os
import secrets
from pathlib import Path


def development_secret(data_dir: Path) -> str:
    """The secret that is kept in ``data_dir``, made there the first time; OSError if it can't be."""
    path = data_dir / "session-secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            # Whole or not at all, and the first of several starters wins.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8")
