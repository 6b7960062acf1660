"""The .env file beside run.py."""

import io
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream


def home() -> Path:
    """Return the folder of run.py, or the working folder if the package is installed without run.py."""
    checkout = Path(__file__).absolute().parent.parent
    return checkout if (checkout / "run.py").exists() else Path.cwd()


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a .env file, none if it is missing; ValueError if it can't be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8; save it in that encoding") from None
    except OSError as error:
        reason = f"{path} can't be read ({error.strerror}); make it readable, or move it away"
        raise ValueError(reason) from None
    # Without a line that says NESTMAP_ENV the program would start in development.
    if lines := ", ".join(map(str, _unclear_lines(text))):
        raise ValueError(f"{path}: not NAME=value in line {lines}; quote a value that has ' or \"")
    found = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in found.items() if value is not None}


def _unclear_lines(text: str) -> Iterator[int]:
    """Yield the number of each line that is no comment and sets no variable."""
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            # The text of a binding includes the empty lines before it.
            found = binding.original.string
            yield binding.original.line + found[: -len(found.lstrip())].count("\n")
