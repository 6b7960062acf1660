"""What makes a comparison worthless: one error, whose message is all that is shown."""


class BenchmarkError(Exception):
    """Something is missing, did not start or answered wrongly; the message says what to do."""
