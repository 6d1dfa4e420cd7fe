"""The one way in which the story ends early."""


class Failed(Exception):
    """Something that must hold does not. The message says what was expected and what was found."""


def must(holds, message):
    """Ends the story with `message` unless `holds`."""
    if not holds:
        raise Failed(message)
