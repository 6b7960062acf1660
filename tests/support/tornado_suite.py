"""Runs Tornado's own tests against our server: python -m tests.support.tornado_suite asyncio|uvloop.

Prints the name of each test that fails, one per line, and the number of tests that ran.
"""

import asyncio
import io
import logging
import sys
import unittest

import tornado.test.httpserver_test
import tornado.test.security_corpus_test
import tornado.test.web_test
import tornado.test.websocket_test
import tornado.testing
import uvloop

from nestmap.server import HTTPServer

MODULES = (
    tornado.test.web_test,
    tornado.test.httpserver_test,
    tornado.test.security_corpus_test,
    tornado.test.websocket_test,
)


def main() -> None:
    if sys.argv[1] == "uvloop":
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    for module in (*MODULES, tornado.testing):
        if hasattr(module, "HTTPServer"):
            module.HTTPServer = HTTPServer
    # As Tornado's own runner does.
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    suite = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromModule(module) for module in MODULES
    )
    result = unittest.TextTestRunner(io.StringIO()).run(suite)
    # For a failed subtest, the name of its test is printed.
    failed = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    names = {test.id().removeprefix("tornado.test.") for test in failed}
    print(*sorted(names), f"ran {result.testsRun}", sep="\n")


if __name__ == "__main__":
    main()
