"""What a client of the site may send, in bytes.

A body that states its length is refused by its headers; one in chunks, when it has arrived. Past
HARD_MAX_BODY it is not read any further.
"""

MAX_HEADER = 16 * 1024
MAX_BODY = 64 * 1024
HARD_MAX_BODY = 2 * MAX_BODY
