"""Pages of the calibration: what each moment rests on, and what the shipped fits found."""

from __future__ import annotations

from policymix import catalog
from policymix.calibrate.moments import Published, conflicts, load_moments, published
from policymix.experiments.posterior import open_fit
from policymix.report import fit_report
from policymix.report.odd import table

FORMS = {"level": "", "growth": "growth of ", "new": "new in the year: "}
BOUNDS = {"equal": "", "at_most": "at most ", "at_least": "at least "}


def moments_page() -> str:
    """Every moment by region with its figure, tolerance and row; conflicts; which numbers are fitted."""
    file = load_moments()
    lines = [
        "# Moments: what each region is fitted to 拟合矩",
        "",
        "From `calibration/moments.toml`; figures are read from their rows. The tolerance is one standard deviation of "
        "what figure and model may differ by beside luck. A check is compared and never fitted.",
    ]
    for region in dict.fromkeys(moment.region for moment in file.moment):
        rows = [_moment(each) for each in published(region)]
        lines += ["", f"## {region}", ""]
        lines += table(["moment", "measures", "place", "at", "figure", "tolerance", "why", "rows", "use"], rows)
        told = [[c["what"], c["figures"], c["follows"], c["why"]] for c in conflicts(region)]
        if told:
            lines += ["", "Figures that contradict each other:", ""]
            lines += table(["what", "figures", "followed", "why"], told)
        for fit in file.fit:
            if fit.region == region:
                names = ", ".join(f"`{name}`" for name in fit.parameters) or "none"
                lines += ["", f"Fitted numbers ({len(fit.parameters)}): {names}. {fit.why[:1].upper()}{fit.why[1:]}."]
    return "\n".join(lines)


def _moment(each: Published) -> list[str]:
    moment = each.moment
    real = "real " if moment.prices == "constant" else ""
    tolerance = f"{100.0 * each.tolerance:.3g} %" if each.log else f"{100.0 * each.tolerance:.3g} points"
    return [
        f"`{moment.id}`",
        f"{real}{FORMS[moment.form]}`{moment.measures}`",
        moment.place,
        moment.at,
        f"{BOUNDS[moment.bound]}{each.value:,.6g} {each.unit}",
        tolerance,
        moment.tolerance.why,
        ", ".join(moment.source),
        moment.use,
    ]


def fits_page() -> str:
    """What the shipped fits found: verdict, moments with misses first, numbers by what the figures say of them."""
    lines = ["# Fits that runs draw from 后验", "", f"{fit_report.UNIDENTIFIED} Made by `.ci/full`."]
    for region in catalog.posteriors():
        fit = open_fit(catalog.posterior_folder() / f"{region}.nc")
        lines += ["", f"## {region}", "", *(f"- {line}" for line in fit_report.verdict(fit)), ""]
        lines += table(list(fit_report.MOMENTS), [list(row) for row in fit_report.moment_rows(fit)])
        numbers = [list(row) for row in fit_report.number_rows(fit)]
        lines += ["", *table(list(fit_report.NUMBERS), numbers)] if numbers else []
    return "\n".join(lines)
