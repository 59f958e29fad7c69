"""What text says of a time, part by part; in which order day and month stand is left open."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from pandapower_evflex.times.words import MONTH_OF, PLACEHOLDERS, WEEKDAYS, ZONE_HOURS

_MONTH = r"[^\W\d_]{3,12}"
#: 2017-09-05, 2017/9/5, 2017.09.05.; 20170905; 2017-Sep-05
_YEAR_FIRST = (
    r"(?P<y1>\d{4})(?P<s1>[-/.]) ?(?P<m1>\d{1,2})(?P=s1) ?(?P<d1>\d{1,2})\.?"
    r"|(?P<y2>\d{4})(?P<m2>\d{2})(?P<d2>\d{2})"
    rf"|(?P<y3>\d{{4}})[-/. ](?P<n3>{_MONTH})[-/. ](?P<d3>\d{{1,2}})"
)
#: 05.09.2017, 5/9/17, 5. 9. 2017
_OPEN = r"(?P<p>\d{1,2})(?P<s2>[-/.]) ?(?P<q>\d{1,2})(?P=s2) ?(?P<y4>\d{4}|\d{2})\.?"
#: 5 Sep 2017, 05-SEP-17, 5. September 2017, 5th of September 2017
_NAMED = (
    rf"(?P<d5>\d{{1,2}})(?:\.|st|nd|rd|th)?[-/ ]?(?:of |de )?(?P<n5>{_MONTH})\.?,?[-/ ]?(?:de )?(?P<y5>\d{{4}}|\d{{2}})"
    rf"|(?P<n6>{_MONTH})\.? ?(?P<d6>\d{{1,2}})(?:\.|st|nd|rd|th)?,? (?P<y6>\d{{4}})"
)
#: 18:00, 18.00.30, 6:00:00.5 PM, 18h00, 18 Uhr, 6 pm; 1800 and 180030 behind a date
_CLOCK = (
    r"(?P<h1>\d{1,2}) ?(?:[:.]|h ?)(?P<min1>\d{2})(?:[:.](?P<sec1>\d{2})(?:[.,:](?P<frac1>\d{1,12}))?)?"
    r"(?: ?(?:uhr|h))?(?: ?(?P<half1>[ap])\.? ?m\.?)?"
    r"|(?P<h2>\d{1,2}) ?(?:uhr|h|(?P<half2>[ap])\.? ?m\.?)"
)
_PACKED = r"(?P<h3>\d{2})(?P<min3>\d{2})(?P<sec3>\d{2})?(?:[.,](?P<frac3>\d{1,12}))?|(?P<h4>\d{2})"
_ZONE = r"(?P<zone>(?:utc|gmt)?[-+−]\d{1,2}(?::?\d{2})?|[a-z]{1,4}) ?(?:\([^)]*\)|\[[^\]]*\])?"

_DATE_TIME = re.compile(
    rf"(?:{_YEAR_FIRST}|{_OPEN}|{_NAMED})"
    rf"(?:(?:[ ,]+|t| ?- )(?:(?:um|kl\.?|klo|at|à|a las|om) ?)?(?:{_CLOCK}|{_PACKED})(?: ?{_ZONE})?)?"
)
_PLAIN = re.compile(
    r"\A(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})[Tt ](?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?P<fraction>\.\d{1,12})?)?(?: (?P<half>[AaPp])[Mm])?(?P<zone>Z|[-+]\d{2}:?\d{2})?\Z",
    re.ASCII,
)
#: a time of day or a duration
_NO_DATE = re.compile(
    rf"(?:{_CLOCK})|[-+]?\d+:\d{{2}}(:\d{{2}}([.,]\d+)?)?|[-+]?\d+ ?(d|days?)\b.*|[-+]?p(t|\d).*"
    r"|[-+]?\d+([.,]\d+)? ?(h|hours?|hrs?|min|minutes?|s|sec|seconds?)"
)
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_PACKED_BOTH = re.compile(r"(\d{8})(\d{4}|\d{6})")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2007\u200e\u200f\ufeff]+")

#: what a cell is
MISSING, PLACEHOLDER, TIME, NO_DATE, NUMBER, UNREADABLE = range(6)

#: parts of a time. `first`, `second`: day and month as written where `is_open`, else month and day;
#: offset: hours ahead of UTC, NaN without a zone; half: 0 AM, 1 PM, NaN on a 24-hour clock; hour: NaN without one
PARTS = ("kind", "year", "first", "second", "hour", "seconds", "half", "offset", "is_open", "short_year")


def parts_of(text: pd.Series) -> pd.DataFrame:
    """Parts of the times in text [n x PARTS]; numbers that cannot be parts of any time make a cell unreadable."""
    codes, different = pd.factorize(text.to_numpy(dtype=object))
    found = plain_parts(pd.Series(different, dtype=object))
    others = np.flatnonzero(found["kind"].isna())
    rows = [_parts(different[row]) for row in others]
    found.iloc[others] = np.array(rows, dtype=float).reshape(-1, len(PARTS))
    return found.iloc[codes].set_axis(text.index, axis=0)


def plain_parts(text: pd.Series) -> pd.DataFrame:
    """As `parts_of`, of the forms that most files have, all rows at once; NaN where a cell is of another form."""
    match = text.str.extract(_PLAIN)
    year_first = (match["a"].str.len() == 4) & (match["c"].str.len() <= 2)
    is_open = (match["a"].str.len() <= 2) & (match["c"].str.len() == 4)
    number = {name: pd.to_numeric(match[name]) for name in ("a", "b", "c", "hour", "minute", "second", "fraction")}
    half = match["half"].str.lower().map({"a": 0.0, "p": 1.0})
    second, fraction = number["second"].fillna(0.0), number["fraction"].fillna(0.0)
    clock_is_right = (number["hour"] <= 23) & (number["minute"] <= 59) & (second <= 59)
    clock_is_right &= half.isna() | number["hour"].between(1, 12)
    parts = {
        "kind": float(TIME),
        "year": number["a"].where(year_first, number["c"]),
        "first": number["b"].where(year_first, number["a"]),
        "second": number["c"].where(year_first, number["b"]),
        "hour": number["hour"],
        "seconds": 60.0 * number["minute"] + second + fraction,
        "half": half,
        "offset": match["zone"].map({zone: _offset(zone.lower()) for zone in match["zone"].dropna().unique()}),
        "is_open": is_open.astype(float),
        "short_year": 0.0,
    }
    found = pd.DataFrame(parts, index=text.index, columns=list(PARTS), dtype=float)
    return found.where((year_first | is_open) & clock_is_right & ~(match["zone"].notna() & found["offset"].isna()))


def _only(kind: int) -> tuple[float, ...]:
    return (kind, *[np.nan] * 7, 0.0, 0.0)


def _parts(cell: str) -> tuple[float, ...]:
    text = _SPACES.sub(" ", cell).strip(" \"'").lower()
    if text in PLACEHOLDERS:
        return _only(PLACEHOLDER)
    match = _DATE_TIME.fullmatch(_PACKED_BOTH.sub(r"\1 \2", text) if text.isdigit() else _without_weekday(text))
    if match is None:
        kinds = ((NO_DATE, _NO_DATE), (NUMBER, _NUMBER))
        return _only(next((kind for kind, pattern in kinds if pattern.fullmatch(text)), UNREADABLE))
    parts = match.groupdict()
    date, clock, offset = _date(parts), _clock(parts), _offset(parts["zone"])
    if date is None or clock is None or offset is None:
        return _only(NUMBER if text.isdigit() else UNREADABLE)
    year, first, second, is_open, short = date
    return (TIME, year, first, second, *clock, offset, is_open, short)


def _without_weekday(text: str) -> str:
    word, _, rest = text.partition(" ")
    return rest.strip() if word.rstrip(".,") in WEEKDAYS and rest[:1].isalnum() else text


def _date(parts: dict[str, str | None]) -> tuple[float, float, float, bool, bool] | None:
    """Year, first and second number, whether their order is open, whether the year has two digits."""

    def number(name: str) -> float:
        return float(parts[name] or 0)

    if parts["p"] is not None:
        is_short = len(parts["y4"] or "") == 2
        return number("y4") + 2000 * is_short, number("p"), number("q"), True, is_short
    form = next(form for form in "12356" if parts[f"y{form}"] is not None)
    year, day = number(f"y{form}"), number(f"d{form}")
    if form == "2" and not (1900 <= year <= 2200 or year in (1, 9999)):  # 05092017
        return None
    if form in "12":
        return year, number(f"m{form}"), day, False, False
    month = MONTH_OF.get(parts[f"n{form}"] or "")
    if len(parts["y5"] or "") == 2:
        year += 2000  # 05-SEP-17
    return None if month is None else (year, float(month), day, False, False)


def _clock(parts: dict[str, str | None]) -> tuple[float, float, float] | None:
    """Hour as written, seconds beyond it, half of the day."""
    form = next((form for form in "1234" if parts[f"h{form}"] is not None), None)
    if form is None:
        return np.nan, 0.0, np.nan
    if form == "4" and parts["p"] is not None:
        return None  # 05.09.2017 18
    hour, minute = float(str(parts[f"h{form}"])), float(parts.get(f"min{form}") or 0)
    second, fraction = float(parts.get(f"sec{form}") or 0), float(f"0.{parts.get(f'frac{form}') or 0}")
    half = {"a": 0.0, "p": 1.0}.get(str(parts.get(f"half{form}")), np.nan)
    wrong = minute > 59 or second > 59 or hour > 24 or (hour == 24 and minute + second + fraction > 0)
    if wrong or (not np.isnan(half) and not 1 <= hour <= 12):
        return None
    return hour, 60.0 * minute + second + fraction, half


def _offset(zone: str | None) -> float | None:
    """Hours ahead of UTC; NaN without a zone, None of one that is not known."""
    if zone is None:
        return np.nan
    name, sign, digits = re.fullmatch(r"([a-z]*)([-+−]?)([\d:]*)", zone).groups()  # type: ignore[union-attr]
    if not sign:
        return ZONE_HOURS.get(name.upper())
    hours, _, minutes = digits.partition(":")
    if len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    ahead = float(hours) + float(minutes or 0) / 60.0
    return (ahead if sign == "+" else -ahead) if ahead <= 14.0 else None
