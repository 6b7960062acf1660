"""The sizes of requests to the site, in bytes.

A body with a Content-Length is refused by its headers; one in chunks after it has arrived. Reading
ends at HARD_MAX_BODY.
"""

MAX_HEADER = 16 * 1024
MAX_BODY = 64 * 1024
HARD_MAX_BODY = 2 * MAX_BODY
