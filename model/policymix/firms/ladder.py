"""The ladder's published criteria, a function a rung; recognition follows by application.

Technology SME, high-tech enterprise, chick-eagle, gazelle, unicorn-type, leading firm (htz-2022/b12). Revenue in CNY a
year at constant prices, ages in years; every function returns 1 when the criteria are met, else 0. The rate at which
those who meet them are recognised is the priors' ``*_rate`` (docs/ECONOMICS.md 17, b6).
"""

from __future__ import annotations


def technology_sme(revenue, staff, intensity, largest_revenue, largest_staff, least_intensity):
    """At most 200 million of revenue, at most 500 staff, and R&D of some intensity.

    Parameters
    ----------
    revenue, largest_revenue : float
        CNY a year.
    staff, largest_staff : float
        Persons.
    intensity, least_intensity : float
        Reported R&D over revenue, and ``sme_intensity``.

    Returns
    -------
    float
        1 or 0.
    """
    return 1.0 if revenue <= largest_revenue and staff <= largest_staff and intensity >= least_intensity else 0.0


def intensity_line(revenue, low, high, small, middle, large):
    """Least reported R&D intensity of a high-tech enterprise: 5 / 4 / 3 % below 50 million, to 200, above.

    The lines are recalled figures (docs/ECONOMICS.md 9).

    Parameters
    ----------
    revenue : float
        CNY a year.
    low, high : float
        ``intensity_line_low``, ``intensity_line_high``, CNY a year.
    small, middle, large : float
        ``intensity_small``, ``intensity_middle``, ``intensity_large``, shares of revenue.

    Returns
    -------
    float
        Share of revenue.
    """
    above = middle if revenue <= high else large
    return small if revenue < low else above


def high_tech_enterprise(age, intensity, line, least_age):
    """At least one year old, reported R&D intensity at least the line.

    Parameters
    ----------
    age, least_age : float
        Years; ``hte_least_age``.
    intensity, line : float
        Reported R&D over revenue, and the line of the firm's size.

    Returns
    -------
    float
        1 or 0.
    """
    return 1.0 if age >= least_age and intensity >= line else 0.0


def chick_eagle(age, revenue, before, growth, least_age, most_age, least_revenue, most_revenue):
    """One to eight years old, revenue of 2 to 200 million, grown by at least ``growth`` in the year (b6).

    Parameters
    ----------
    age : float
        Years.
    revenue, before : float
        This and last year's, CNY.
    growth : float
        ``eagle_growth`` a year.
    least_age, most_age : float
        ``eagle_least_age``, ``eagle_most_age``, years.
    least_revenue, most_revenue : float
        ``eagle_least_revenue``, ``eagle_most_revenue``, CNY a year.

    Returns
    -------
    float
        1 or 0.
    """
    within = least_age <= age <= most_age and least_revenue <= revenue <= most_revenue
    return 1.0 if within and revenue >= (1.0 + growth) * before else 0.0


def gazelle(age, revenue, three_years_ago, growth, least_age, most_age, least_revenue):
    """Three to fifteen years old, at least 5 million three years ago, grown by 20 % a year since (B19).

    Parameters
    ----------
    age : float
        Years.
    revenue, three_years_ago : float
        CNY a year.
    growth : float
        ``gazelle_growth`` a year.
    least_age, most_age : float
        ``gazelle_least_age``, ``gazelle_most_age``, years.
    least_revenue : float
        ``gazelle_least_revenue``, CNY a year.

    Returns
    -------
    float
        1 or 0.
    """
    grown = revenue >= three_years_ago * (1.0 + growth) ** 3
    return 1.0 if least_age <= age <= most_age and three_years_ago >= least_revenue and grown else 0.0


def unicorn(age, revenue, three_years_ago, least_value, multiple, most_age):
    """At most fifteen years old, and valued (revenue x growth x a multiple) above a line: a proxy (b6; judgement).

    Parameters
    ----------
    age : float
        Years.
    revenue, three_years_ago : float
        CNY a year; growth is their ratio.
    least_value : float
        ``unicorn_line``, CNY.
    multiple : float
        ``unicorn_multiple``, years of revenue.
    most_age : float
        ``unicorn_most_age``, years.

    Returns
    -------
    float
        1 or 0.
    """
    growth = revenue / max(three_years_ago, 1.0)
    return 1.0 if age <= most_age and three_years_ago > 0.0 and revenue * growth * multiple >= least_value else 0.0


def leading(revenue, least_revenue):
    """Revenue at least the line (judgement: the texts give none).

    Parameters
    ----------
    revenue, least_revenue : float
        CNY a year; ``leading_line``.

    Returns
    -------
    float
        1 or 0.
    """
    return 1.0 if revenue >= least_revenue else 0.0
