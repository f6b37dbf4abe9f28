"""A region as the command line shows it."""

from __future__ import annotations

import math

import typer

from policymix.region.load import load


def show_region(name: str, draws: int) -> str:
    """A region in words with its population's fit to every published total, misses first.

    Parameters
    ----------
    name : name or path of a region
    draws : units to simulate for the fit; 0 compares what the file's own numbers imply
    """
    from policymix.experiments import region_fit
    from policymix.report.region_page import fit_text, region_text

    text = region_text(load(name))
    if draws == 0:
        rows, how = region_fit.implied(name), "what the file's own numbers imply, nothing simulated"
    else:
        rows, how = _simulated(name, draws)
    if rows is None:
        return f"{text}\n\nno scenario names this region: no environment, so no fit to its published totals"
    return f"{text}\n\nFit to published totals: {how}\n{fit_text(rows)}"


def _simulated(name: str, draws: int):
    from policymix.experiments import region_fit

    wanted = region_fit.plan(name, draws)
    if wanted is None:
        return None, ""
    scenario = wanted.scenario
    mix = list(scenario.mixes)[-1]
    typer.echo(
        f"simulating {draws} draws of {scenario.id} from {scenario.burn_in_start} to {scenario.end} for the fit, about "
        f"{math.ceil(wanted.seconds)} s of one core (a first run compiles the rules, half a minute more); --draws 0 "
        "compares without simulating",
        err=True,
    )
    how = f"mean of {draws} draws of {scenario.id}, up to the fork under its history, later under the mix '{mix}'"
    return region_fit.simulated(wanted), how
