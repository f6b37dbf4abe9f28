"""What a back-test amounts to: scores by series, coverage, the issue's three targets, and the labelled Dataset."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from policymix.calibrate.backtest import FAN, METHODS, Backtest, Point
from policymix.calibrate.outlook import HORIZON
from policymix.calibrate.rivals import RIVALS
from policymix.calibrate.scores import LEVELS, relative

if TYPE_CHECKING:
    import xarray

COVERAGE_BAND = (0.80, 0.97)
"""Share of points that the 90 % intervals are to hold."""
BETTER_PART = 2.0 / 3.0
"""Part of the series in which the model is to beat every rival."""
LADDER_ORIGIN, LADDER_YEAR, LADDER_LEVEL = 2021, 2023, 0.8


def rows(result: Backtest) -> list[dict[str, Any]]:
    """Every series that a point judges: scores, ratios to the rivals, coverage; those that lose to a rival first."""
    found = []
    for known in result.series:
        points = [point for point in result.points if point.series == known.series.id]
        if not points:
            continue
        scores = np.array([point.score for point in points])
        ratios = {name: relative(scores[:, 0], scores[:, METHODS.index(name)]) for name in RIVALS}
        against = {name: None if np.isnan(ratio) else ratio for name, ratio in ratios.items()}
        title = {"en": known.series.title.en, "zh": known.series.title.zh}
        found.append(
            {
                "id": known.series.id,
                "title": title,
                "place": known.place,
                "unit": known.unit,
                "points": len(points),
                "crps": float(scores[:, 0].mean()),
                "relative": against,
                "covered": {f"{level:g}": sum(point.inside(level) for point in points) for level in LEVELS},
                "ladder": known.series.of == "zone" and known.series.by.startswith("recognised."),
                "beats": all(ratio < 1.0 for ratio in against.values() if ratio is not None),
            }
        )
    return sorted(found, key=lambda row: row["beats"])


def targets(judged: Sequence[dict[str, Any]], points: Sequence[Point], ladder: Sequence[Point]) -> list[dict[str, Any]]:
    """The three targets with what was found; misses first, None where nothing can be judged.

    Parameters
    ----------
    judged : `rows`, of one city or of several
    points : all their points
    ladder : points of the zone's ladder in May 2023 from the end of 2021
    """
    low, high = COVERAGE_BAND
    share = sum(point.inside(0.9) for point in points) / len(points) if points else None
    better = sum(row["beats"] for row in judged) / len(judged) if judged else None
    inside = sum(point.inside(LADDER_LEVEL) for point in ladder) / len(ladder) if ladder else None
    found = [
        _target(
            f"90 % intervals hold {low:.0%} to {high:.0%} of the points",
            f"90%区间覆盖{low:.0%}至{high:.0%}的实际值",
            share,
            None if share is None else low <= share <= high,
            f"{len(points)} points",
        ),
        _target(
            "mean CRPS below every rival in two thirds of the series",
            "三分之二的序列平均CRPS低于全部简单预测",
            better,
            None if better is None else better >= BETTER_PART,
            f"{len(judged)} series",
        ),
        _target(
            f"the zone's ladder in May {LADDER_YEAR} within the 80 % intervals from the end of {LADDER_ORIGIN}",
            f"{LADDER_ORIGIN}年末预测的80%区间包含{LADDER_YEAR}年5月的企业梯度",
            inside,
            None if inside is None else inside == 1.0,
            ", ".join(
                f"{point.series} {point.outturn:g} in {low:.0f} to {high:.0f}"
                for point in ladder
                for low, high in [point.bounds[LEVELS.index(LADDER_LEVEL)]]
            ),
        ),
    ]
    return sorted(found, key=lambda row: (False, None, True).index(row["pass"]))


def _target(english: str, chinese: str, value: float | None, passed: bool | None, of: str) -> dict[str, Any]:
    return {"title": {"en": english, "zh": chinese}, "value": value, "pass": passed, "of": of}


def ladder_points(result: Backtest) -> list[Point]:
    """Points of the zone's ladder that the third target is about."""
    ladder = {row["id"] for row in rows(result) if row["ladder"]}
    return [point for point in result.points if is_of_target(point, ladder)]


def is_of_target(point: Point, ladder: Collection[str]) -> bool:
    """Whether a point is one of the zone's ladder in May 2023 from the end of 2021."""
    return point.series in ladder and (point.origin, point.year) == (LADDER_ORIGIN, LADDER_YEAR)


def point_of(row: Mapping[str, Any]) -> Point:
    """A point from the plain data of `answer`."""
    bounds = tuple((row["bounds"][f"{level:g}"][0], row["bounds"][f"{level:g}"][1]) for level in LEVELS)
    scores = tuple(float("nan") if row["crps"][name] is None else row["crps"][name] for name in METHODS)
    return Point(row["series"], row["origin"], row["year"], row["outturn"], bounds, scores)


def answer(result: Backtest) -> dict[str, Any]:
    """Targets, series and points of a back-test as plain data."""
    judged = rows(result)
    return {
        "region": result.region,
        "title": {"en": result.title[0], "zh": result.title[1]},
        "draws": result.draws,
        "seed": result.seed,
        "origins": sorted({each.origin for each in result.forecasts}),
        "packages": {str(year): list(names) for year, names in result.packages.items()},
        "fits": {str(year): name for year, name in result.fits.items()},
        "targets": targets(judged, result.points, ladder_points(result)),
        "rows": judged,
        "not_judged": [
            {"id": known.series.id, "years": sorted(known.figures)}
            for known in result.series
            if known.series.id not in {row["id"] for row in judged}
        ],
        "points": [_point(point) for point in result.points],
    }


def _point(point: Point) -> dict[str, Any]:
    bounds = {f"{level:g}": list(ends) for level, ends in zip(LEVELS, point.bounds, strict=True)}
    scores = {name: None if np.isnan(score) else score for name, score in zip(METHODS, point.score, strict=True)}
    head = {"series": point.series, "origin": point.origin, "year": point.year, "outturn": point.outturn}
    return {**head, "bounds": bounds, "crps": scores}


def dataset(result: Backtest) -> xarray.Dataset:
    """Every forecast (quantiles by year ahead) and every point (outturn, bounds, scores), labelled."""
    import xarray

    fans = np.array([np.quantile(each.members, FAN, axis=0) for each in result.forecasts])
    points = result.points
    bounds = np.array([point.bounds for point in points]).reshape(len(points), len(LEVELS), 2)
    units = {known.series.id: known.unit for known in result.series}
    variables = {
        "forecast": (("forecast_of", "quantile", "ahead"), fans, {"long_name": "forecast", "long_name_zh": "预测"}),
        "outturn": ("point", [point.outturn for point in points], {"long_name": "outturn", "long_name_zh": "实际值"}),
        "bound": (("point", "level", "end"), bounds, {"long_name": "interval", "long_name_zh": "区间"}),
        "crps": (
            ("point", "method"),
            np.array([point.score for point in points]).reshape(len(points), len(METHODS)),
            {"long_name": "continuous ranked probability score", "long_name_zh": "连续分级概率评分"},
        ),
    }
    coords = {
        "series": ("forecast_of", [each.known.series.id for each in result.forecasts]),
        "origin": ("forecast_of", [each.origin for each in result.forecasts]),
        "unit": ("forecast_of", [each.known.unit for each in result.forecasts]),
        "quantile": list(FAN),
        "ahead": np.arange(1, 1 + HORIZON),
        "point_series": ("point", [point.series for point in points]),
        "point_origin": ("point", [point.origin for point in points]),
        "point_year": ("point", [point.year for point in points]),
        "point_unit": ("point", [units[point.series] for point in points]),
        "level": list(LEVELS),
        "end": ["low", "high"],
        "method": list(METHODS),
    }
    attributes = {
        "region": result.region,
        "title": result.title[0],
        "title_zh": result.title[1],
        "draws": result.draws,
        "seed": str(result.seed),
        "packages": json.dumps({str(year): list(names) for year, names in result.packages.items()}),
    }
    return xarray.Dataset(variables, coords, attributes)
