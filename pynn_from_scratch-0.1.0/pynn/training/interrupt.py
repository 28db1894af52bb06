"""Ctrl-C between two steps of a training, never within one."""

from contextlib import contextmanager


@contextmanager
def between_steps():
    """Hold back the first Ctrl-C until the step under way is whole; a second acts at once.

    Yields a list that is empty until then. Only the main thread receives signals, and a handler
    of the caller's own stays in charge.
    """
    import signal
    import threading
    pending = []
    if (threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler):
        yield pending
        return

    def hold(signum, frame):
        pending.append(signum)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, hold)
    try:
        yield pending
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
