"""The development secret, which is stored in DATA_DIR so that sessions survive a restart."""

import os
import secrets
from pathlib import Path

from nestmap.files import open_owned
from nestmap.settings import SettingsError


def development_secret(data_dir: Path) -> str:
    """Return the secret in ``data_dir``; make it the first time.

    SettingsError if it can't be read or made.
    """
    try:
        return _read_or_make(data_dir)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise SettingsError(
            [f"DATA_DIR: {data_dir} can't keep the secret ({why}); set DATA_DIR or SESSION_SECRET"]
        ) from None


def _read_or_make(data_dir: Path) -> str:
    path = data_dir / "session-secret"
    if path.exists() and not path.stat().st_size:
        # A power cut after the first start; an empty secret would sign nothing.
        path.unlink()
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = open_owned(draft, os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(descriptor)
        try:
            # Atomic: the first of several processes wins.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8")
