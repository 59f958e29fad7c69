"""Runs made of many: what each of them would log again is logged once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PACKAGE = "pandapower_evflex"


@contextmanager
def each_text_once() -> Iterator[None]:
    """Leave out what this thread has logged before, word for word, in the loggers of this package."""
    known: set[tuple[str, str]] = set()
    own_thread = threading.get_ident()

    def is_new(record: logging.LogRecord) -> bool:
        if threading.get_ident() != own_thread:
            return True
        text = (record.name, record.getMessage())
        is_first = text not in known
        known.add(text)
        return is_first

    names = [name for name in list(logging.root.manager.loggerDict) if name.split(".")[0] == PACKAGE]
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(is_new)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_new)
