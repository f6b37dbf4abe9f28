"""The ladder's published criteria, a function a rung; recognition follows by application.

Technology SME, high-tech enterprise, chick-eagle, gazelle, unicorn-type, leading firm (htz-2022/b12). Revenue
in CNY a year at
constant prices, ages in years; every function returns 1 when the criteria are met.
"""

from __future__ import annotations


def technology_sme(revenue, staff, intensity, largest_revenue, largest_staff, least_intensity):
    """At most 200 million of revenue, at most 500 staff, and R&D of some intensity."""
    return 1.0 if revenue <= largest_revenue and staff <= largest_staff and intensity >= least_intensity else 0.0


def intensity_line(revenue, small, middle, large):
    """Least reported R&D intensity of a high-tech enterprise: 5 / 4 / 3 % below 50 million, to 200 million, above."""
    if revenue < 50e6:
        return small
    return middle if revenue <= 200e6 else large


def high_tech_enterprise(age, intensity, line):
    """At least one year old, reported R&D intensity at least the line."""
    return 1.0 if age >= 1.0 and intensity >= line else 0.0


def chick_eagle(age, revenue, before, growth):
    """One to eight years old, revenue of 2 to 200 million, grown by at least ``growth`` in the year."""
    return 1.0 if 1.0 <= age <= 8.0 and 2e6 <= revenue <= 200e6 and revenue >= (1.0 + growth) * before else 0.0


def gazelle(age, revenue, three_years_ago, growth):
    """Three to fifteen years old, at least 5 million three years ago, grown by 20 % a year over the three years."""
    grown = revenue >= three_years_ago * (1.0 + growth) ** 3
    return 1.0 if 3.0 <= age <= 15.0 and three_years_ago >= 5e6 and grown else 0.0


def unicorn(age, revenue, three_years_ago, least_value, multiple):
    """Young, and valued (revenue times growth times a multiple) above a line."""
    growth = revenue / max(three_years_ago, 1.0)
    return 1.0 if age <= 15.0 and three_years_ago > 0.0 and revenue * growth * multiple >= least_value else 0.0


def leading(revenue, least_revenue):
    """Revenue at least the line."""
    return 1.0 if revenue >= least_revenue else 0.0
