"""Commands about single firms: the diary of one, as sentences or as data."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from policymix.cli_policy import Json, as_json_text
from policymix.errors import InvalidValue, NotFound

commands = typer.Typer()


@commands.command()
def diary(
    scenario: Annotated[str, typer.Argument(help="Name or file of a scenario.")] = "dalian-2025",
    mix: Annotated[str | None, typer.Option(help="One of its mixes; the baseline by default.")] = None,
    firm: Annotated[list[int] | None, typer.Option(help="Address of a firm, as in a firm panel; repeatable.")] = None,
    industry: Annotated[str | None, typer.Option(help="Without --firm: a firm of this industry.")] = None,
    place: Annotated[str | None, typer.Option(help="Without --firm: a firm of this place.")] = None,
    quarters: Annotated[int | None, typer.Option(min=1, help="Quarters to run; the whole horizon by default.")] = None,
    draw: Annotated[int, typer.Option(min=0, help="Which draw.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Set a value; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Follow a firm: what it saw, could claim and chose in every quarter, and why.

    Without an address it is the firm of the median size among those that fit. Firms are agents of Mesa here, a hundred
    times slower than in a run: a city takes about a minute.

    \b
    Examples:
      policymix diary --mix both --place dalian-htz --quarters 8
      policymix diary dalian-2025 --mix both --firm 7 --json
    """
    from policymix.experiments.addresses import parse_settings
    from policymix.experiments.city_model import CityModel
    from policymix.experiments.scenario import load_scenario

    chosen = load_scenario(scenario)
    if mix is not None and mix not in chosen.mixes:
        raise NotFound("mix", mix, list(chosen.mixes))
    model = CityModel.from_scenario(chosen, mix=mix, draw=draw, set=parse_settings(settings))
    if firm and (industry or place):
        raise InvalidValue("--firm", "together with --industry or --place", "one way of choosing a firm")
    addresses = firm or [_median(model, industry, place)]
    for address in addresses:
        model.keep_diary(address)
    left = model.setting.quarters - model.quarter
    for _ in range(min(left, quarters or left)):
        model.step()
    diaries = {address: model.diary(address) for address in addresses}
    typer.echo(as_json_text(_plain(diaries)) if as_json else _text(diaries))


def _median(model: Any, industry: str | None, place: str | None) -> int:
    """Address of the firm of the median size among those of an industry and a place."""
    if industry is not None and industry not in model.industries:
        raise NotFound("industry", industry, model.industries)
    if place is not None and place not in model.places:
        raise NotFound("place", place, model.places)
    fitting = [
        agent
        for agent in model.agents
        if agent.is_alive and industry in (None, agent.industry_name) and place in (None, agent.place_name)
    ]
    if not fitting:
        raise InvalidValue("--industry, --place", f"no firm of {industry} in {place}", "an industry with firms there")
    return int(sorted(fitting, key=lambda agent: agent.ln_size)[len(fitting) // 2].firm)


def _plain(diaries: dict[int, tuple[Any, ...]]) -> list[dict[str, Any]]:
    import dataclasses

    return [dataclasses.asdict(entry) for entries in diaries.values() for entry in entries]


def _text(diaries: dict[int, tuple[Any, ...]]) -> str:
    from policymix.engine.diary import text

    return "\n\n".join(text(entries) for entries in diaries.values() if entries) or "no quarter of these firms"
