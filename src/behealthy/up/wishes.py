"""The wish to end, which comes as a signal: Ctrl-C, or the one that a supervisor sends.

A handler runs between two steps of the main thread, which may be inside `Event.wait` and hold the event's lock just
then: setting the event right there waits for that lock for ever, and the process can only be killed. So another thread
sets it.
"""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType


def heed(stop: threading.Event) -> None:
    """When called, in the main thread, it will have `stop` set once somebody wants this process to end."""

    def wished(_: int, __: FrameType | None) -> None:
        _thread.start_new_thread(stop.set, ())  # `threading.Thread` has locks of its own, which may be held as well

    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, wished)
