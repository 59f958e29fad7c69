"""Words that stand in dates: months, days of the week, time zones, and what is written where there is no time."""

from __future__ import annotations

#: month -> its names and their abbreviations in English, German, French, Norwegian, Danish, Swedish, Dutch, Spanish and
#: Italian, without dots and in lower case
_MONTHS = {
    1: "jan january januar jänner janv janvier januari ene enero gen gennaio",
    2: "feb february februar fév févr fevr février fevrier februari febrero febbraio",
    3: "mar march mär mrz märz maerz mars mrt maart marzo",
    4: "apr april avr avril abr abril aprile",
    5: "may mai maj mei mayo mag maggio",
    6: "jun june juni juin junio giu giugno",
    7: "jul july juli juil juillet julio lug luglio",
    8: "aug august août aout augusti augustus ago agosto",
    9: "sep sept september septembre septiembre set settembre",
    10: "oct october okt oktober octobre octubre ott ottobre",
    11: "nov november novembre noviembre",
    12: "dec december dez dezember déc décembre decembre des desember dic diciembre dicembre",
}
MONTH_OF = {name: month for month, names in _MONTHS.items() for name in names.split()}

#: days of the week in the same languages; they say nothing that the date does not
WEEKDAYS = frozenset(
    "mon monday mo montag lun lundi lunes lunedì man mandag mån måndag ma maandag "
    "tue tues tuesday di die dienstag mardi mar tir tirsdag tis tisdag dinsdag martes martedì "
    "wed wednesday mi mit mittwoch mer mercredi ons onsdag wo woensdag mié miércoles mercoledì "
    "thu thur thurs thursday do don donnerstag jeu jeudi tor torsdag donderdag jue jueves gio giovedì "
    "fri friday fr fre freitag ven vendredi fredag vr vrijdag vie viernes venerdì "
    "sat saturday sa sam samstag sonnabend samedi lør lørdag lör lördag za zaterdag sáb sábado sab sabato "
    "sun sunday so son sonntag dim dimanche søn søndag sön söndag zo zondag dom domingo domenica".split()
)

#: hours ahead of UTC; those that several countries use for different hours (CST, IST, BST) are left out
ZONE_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip

#: what stands where there is no time, in lower case
PLACEHOLDERS = frozenset(
    ["", "-", "--", "---", "–", "—", "?", ".", "0", "na", "n/a", "#n/a", "n.a.", "n.a", "nan", "nat", "null", "(null)"]
    + ["<null>", "#null!", "nil", "none", "\\n", "<na>", "missing", "unknown", "empty", "k.a.", "k. a.", "s.o."]
)
