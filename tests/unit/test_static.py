"""Static files when no more files may be opened."""

import resource
from contextlib import contextmanager

import pytest
from tornado.web import HTTPError

from handlers.static import SiteStaticHandler
from tests.support.instance import ROOT

FILE = str(ROOT / "handlers/static/site.css")


@contextmanager
def no_descriptor_left():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_file_that_can_not_be_opened_now_is_503_and_served_later():
    with no_descriptor_left(), pytest.raises(HTTPError) as refused:
        next(SiteStaticHandler.get_content(FILE))
    assert refused.value.status_code == 503
    assert (
        next(SiteStaticHandler.get_content(FILE))
        == (ROOT / "handlers/static/site.css").read_bytes()
    )
