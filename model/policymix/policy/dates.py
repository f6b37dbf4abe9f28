"""Calendar arithmetic on proleptic ordinals, callable from Python and from compiled loops."""

from numba.extending import register_jitable


@register_jitable
def civil(ordinal):
    """Year, month and day of a proleptic ordinal (``datetime.date.toordinal``).

    Howard Hinnant's public-domain algorithm, shifted from the Unix epoch to ordinals.
    """
    z = ordinal + 305
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day = doy - (153 * mp + 2) // 5 + 1
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    return year, month, day


@register_jitable
def ordinal_of(year, month, day):
    """Proleptic ordinal of a date; 29 February of a common year is 1 March."""
    if month == 2 and day == 29 and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        month, day = 3, 1
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    mp = month - 3 if month > 2 else month + 9
    doy = (153 * mp + 2) // 5 + day - 1
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 305


@register_jitable
def years_between(first, second):
    """Years from one ordinal to another, whole on anniversaries, in 366ths between them."""
    y1, m1, d1 = civil(first)
    y2, _m2, _d2 = civil(second)
    turn = ordinal_of(y2, m1, d1)
    return float(y2 - y1) + float(second - turn) / 366.0


@register_jitable
def calendar_years_between(first, second):
    """Difference of the calendar years of two ordinals."""
    return float(civil(second)[0] - civil(first)[0])
