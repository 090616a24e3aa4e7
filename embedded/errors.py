"""The one error a person is meant to read."""


class StackError(Exception):
    """A sentence that says what is wrong and what to do; the command line prints it and exits with status 1."""
