"""Python's garbage collector, told when there is nothing for it to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Nothing is looked through for garbage within, and what was made by then never is.

    For what makes many objects that all stay, as loading modules does: the collector would look through them
    again and again while they become more, which is a fifth of the time that loading takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # All of it is young by now, and the first thing made after enabling would have it all looked through.
        gc.freeze()
        if was_on:
            gc.enable()
