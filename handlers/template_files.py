"""The templates of the pages."""

from pathlib import Path

from tornado.template import Loader


def compiled_templates(folder: Path) -> Loader:
    """Return the templates in `folder`, each compiled now.

    So a program that runs never loads one of a newer version.
    """
    loader = Loader(str(folder), autoescape="xhtml_escape")
    for path in folder.glob("*.html"):
        loader.load(path.name)
    return loader
