"""JSON files of records: one value, or one on each line."""

from __future__ import annotations

import json
from typing import Any

from pandapower_evflex.errors import Fault, InvalidInputError

#: by keys that only this format has
OCPI_KEYS = ("start_date_time", "kwh", "total_energy", "cdr_token")
ENVELOPE = "data"
#: what may stand before a JSON text
BLANK = "\ufeff \r\n\t"


def is_json(text: str) -> bool:
    """Whether a text begins as JSON records do, and no table does."""
    return text.lstrip(BLANK).startswith(("{", "["))


def json_of(name: str, text: str) -> Any:
    """The value of a JSON text; of JSON lines the list of their values.

    Raises
    ------
    InvalidInputError    neither of them
    """
    text = text.lstrip(BLANK)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            if len(lines) > 1:
                return [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            pass
        fault = Fault(name, "", (), str(error), "is not JSON", "give the file as downloaded")
        raise InvalidInputError([fault]) from error


def format_of(content: Any) -> str:
    """ "ocpi" or "ocpp" where a record looks like one, else "acn", whose reader says what it lacks."""
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict) and ENVELOPE in first and "_items" not in first:
        inner = first[ENVELOPE]
        first = inner[0] if isinstance(inner, list) and inner else inner
    if isinstance(first, dict) and any(key in first for key in OCPI_KEYS):
        return "ocpi"
    if isinstance(content, dict) and "status_code" in content:
        return "ocpi"
    is_frame = isinstance(first, list) and len(first) > 1 and first[0] in (2, 3, 4)
    is_call = isinstance(content, list) and any(isinstance(one, dict) and _names_a_message(one) for one in content)
    return "ocpp" if is_frame or is_call else "acn"


def _names_a_message(record: dict[str, Any]) -> bool:
    return any(spelled(key) in ("action", "message", "messagetypeid") for key in record)


def spelled(key: Any) -> str:
    """A key in lower case, without what is neither letter nor digit."""
    return "".join(letter for letter in str(key).lower() if letter.isalnum())
