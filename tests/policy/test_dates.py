"""Calendar arithmetic against the standard library."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from policymix.policy.dates import civil, ordinal_of, years_between

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31))


@given(DAYS)
def test_ordinals_and_back(day):
    assert civil(day.toordinal()) == (day.year, day.month, day.day)
    assert ordinal_of(day.year, day.month, day.day) == day.toordinal()


@given(DAYS, st.integers(0, 30))
def test_anniversaries_are_whole_years(day, years):
    later = ordinal_of(day.year + years, day.month, day.day)
    assert years_between(day.toordinal(), later) == years
    assert years_between(day.toordinal(), later + 1) > years


def test_a_leap_day_has_its_anniversary_on_the_first_of_march():
    assert years_between(datetime.date(2020, 2, 29).toordinal(), datetime.date(2021, 3, 1).toordinal()) == 1.0
