"""A region in words: places, industries, largest firms, ladder, tax shares, and its fit to published totals."""

from __future__ import annotations

from collections.abc import Iterable

from policymix.experiments.listing import columns
from policymix.region.load import role_notices
from policymix.region.schema import Number, Region
from policymix.region.totals import Comparison, comparison_text

MILLION = 1e6


def region_text(region: Region) -> str:
    """What the file says, each number with its range; sources and reasons stay in the file."""
    sure = [number for number in region.numbers.values() if not number.uncertain]
    lines = [
        f"{region.title.en} {region.title.zh} ({region.id}), levels of {region.reference.year}",
        "",
        f"{len(region.numbers)} numbers: {len(sure)} fixed, {len(region.numbers) - len(sure)} drawn in every run; "
        f"{sum(bool(number.source) for number in region.numbers.values())} cite a row of the evidence or a document.",
        f"Core industries' share of GDP {_share(region.reference.core_share)}; "
        f"untreated share of mobile projects {_share(region.reference.city_base_share)}.",
        *(
            [f"{len(region.firm):,} firms of {region.firms or 'the file'} instead of synthetic ones."]
            if region.firm
            else []
        ),
        *(f"notice: {notice}" for notice in role_notices(region).values()),
    ]
    for title, rows in (
        ("Places", _places(region)),
        ("Industries", _industries(region)),
        ("Largest firms (share of core value added)", _records(region)),
        (f"Ladder: ever recognised by the end of {region.reference.year}, all industries", _ladder(region)),
    ):
        lines += ["", title, "", columns(rows)]
    tax = ", ".join(
        f"{name.replace('_', ' ')} {_plain(getattr(region.tax, name))}" for name in type(region.tax).model_fields
    )
    return "\n".join([*lines, "", f"Of a yuan of tax: {tax}."])


def fit_text(rows: list[Comparison]) -> str:
    """The fit to published totals, misses first, with a count."""
    judged = [row for row in rows if row.within is not None]
    missed = sum(not row.within for row in judged)
    count = f"{len(judged) - missed} of {len(judged)} published totals within their tolerance"
    unformed = len(rows) - len(judged)
    tail = f"; {unformed} that the model does not form" if unformed else ""
    return "\n".join([f"{count}{tail}", "", comparison_text(rows)])


def _places(region: Region) -> list[dict[str, str]]:
    roles = {place: role for role, place in region.role_places.items()}
    return [
        {
            "place": place.id,
            "title": f"{place.title.en} {place.title.zh}",
            "role": roles.get(place.id, ""),
            "rent, CNY per m2 and month": _plain(place.rent_m2_month),
            "wage level": _plain(place.wage_level),
        }
        for place in region.place
    ]


def _industries(region: Region) -> list[dict[str, str]]:
    return [
        {
            "industry": industry.id,
            "category": industry.category,
            "firms": _plain(industry.firms),
            "of them in the zone": _share(industry.zone_share),
            "value added": _share(industry.value_added_share) + " of core"
            if industry.value_added_share is not None
            else _plain(industry.value_added, MILLION) + " m CNY",
            "R&D of revenue": _share(industry.rd_intensity),
        }
        for industry in region.industry
    ]


def _records(region: Region) -> list[dict[str, str]]:
    return [
        {"record": row.id, "industry": row.industry, "place": row.place, "share": _share(row.value_added)}
        for row in region.record
    ]


def _ladder(region: Region) -> list[dict[str, str]]:
    places: Iterable[str] = (region.city, *region.places)
    return [
        {
            "step": row.step,
            **{place: _plain(row.published.get(place)) for place in places},
            "of them modelled": _share(row.modelled),
        }
        for row in region.ladder
    ]


def _plain(number: Number | None, divisor: float = 1.0) -> str:
    """``600 (350-1,000)``; empty without a number."""
    if number is None:
        return ""
    text = f"{number.value / divisor:,.6g}"
    if not number.uncertain or number.low is None or number.high is None:
        return text
    return f"{text} ({number.low / divisor:,.6g}-{number.high / divisor:,.6g})"


def _share(number: Number | None) -> str:
    return "" if number is None else f"{_plain(number, 0.01)} %"
