"""Commands that ask what drives an answer, where it fails, and what would change the mind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policymix.cli_answers import put_out as put_out
from policymix.cli_policy import Json, Language
from policymix.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from policymix.analysis.compare import Finished
    from policymix.experiments.parameters import Prior

commands = typer.Typer(rich_markup_mode=None)

AUTO = "auto"
DESIGNED = {"saltelli": "sobol", "morris": "morris"}
GIVEN = ("binned", "pawn", "rbd_fast")

Results = Annotated[str, typer.Argument(metavar="RESULTS", help="Folder of a run or a sweep, or its name in out/.")]
Factors = Annotated[list[str] | None, typer.Option("--factor", help="A factor; repeatable. All that vary by default.")]
Csv = Annotated[Path | None, typer.Option(help="File for the table in base units.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="File for a picture: FILE.png or FILE.svg.")]
Level = Annotated[bool, typer.Option("--level", help="The mix itself instead of its difference to the baseline.")]
Seed = Annotated[int, typer.Option(min=0, help="Of resamples and shuffles.")]


@commands.command()
def sensitivity(
    results: Results = "dalian-2025",
    method: Annotated[str, typer.Option(help=f"{AUTO} (by the design), sobol, morris, {', '.join(GIVEN)}.")] = AUTO,
    over: Annotated[str, typer.Option(help="uncertainties, or the levers of a sweep.")] = "uncertainties",
    outcome: Annotated[
        list[str] | None, typer.Option("--outcome", help="An outcome, or one cell of it; repeatable.")
    ] = None,
    time: Annotated[list[str] | None, typer.Option("--time", help="A year or quarter; repeatable.")] = None,
    mix: Annotated[list[str] | None, typer.Option("--mix", help="A mix; repeatable. All by default.")] = None,
    factor: Factors = None,
    level: Level = False,
    engine: Annotated[str | None, typer.Option(help="scipy or SALib, for sobol.")] = None,
    seed: Seed = 0,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
) -> None:
    """Which assumptions or levers drive each outcome: Sobol' indices, elementary effects, measures of any draws.

    \b
    Examples:
      policymix sensitivity dalian-2025 --outcome paid --outcome core_share --mix both
      policymix sweep dalian-sensitivity && policymix sensitivity dalian-sensitivity --figure what-drives.png
      policymix sensitivity dalian-sensitivity --outcome core_share --figure over-time.svg
      policymix sensitivity htz-rents --over levers
    """
    from policymix.analysis import given_data, varied
    from policymix.analysis import sensitivity as designed

    finished, priors = _opened(results, figure)
    measure = "level" if level else "difference"
    chosen = method
    if method == AUTO:
        chosen = DESIGNED.get(varied.design_of(finished.results, over)["method"], "binned")
    known = (*DESIGNED.values(), *GIVEN)
    if chosen not in known:
        raise NotFound("method", chosen, (AUTO, *known), where="--method")
    asked: dict[str, Any] = {"over": over, "outcomes": outcome or (), "times": time or (), "mixes": mix or ()}
    asked |= {"measure": measure, "seed": seed, "priors": priors}
    if engine is not None and chosen != "sobol":
        raise InvalidValue("--engine", f"{engine} with {chosen}", "none: only sobol has a choice of engines")
    if factor and chosen not in GIVEN:
        raise InvalidValue(
            "--factor",
            f"with {chosen}",
            "none: its design moves them all; --factor is for draws of a run, or of a study with lhs",
        )
    if chosen == "sobol":
        table = designed.sobol(finished.results, engine=engine, **asked)
    elif chosen == "morris":
        table = designed.morris(finished.results, **asked)
    else:
        table = given_data.given_data(finished.results, chosen, factors=factor or (), **asked)
    from policymix.report import sensitivity_figures
    from policymix.report.answers import languages
    from policymix.report.sensitivity import sensitivity_pages

    cells = table["cell"].values.tolist() if outcome or time else ()
    drawn = sensitivity_figures.sensitivity(table, cells) if figure else None
    put_out(table, sensitivity_pages(table, cells, languages(lang)), csv, as_json, figure, drawn)


@commands.command()
def discover(
    results: Results = "dalian-2025",
    target: Annotated[str | None, typer.Option(help="A tracked target of the run.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Instead of a target: one outcome, such as paid.")] = None,
    below: Annotated[float | None, typer.Option(help="With --outcome: the line, in its base unit.")] = None,
    above: Annotated[float | None, typer.Option(help="With --outcome: the line, in its base unit.")] = None,
    mix: Annotated[str | None, typer.Option(help="The fullest by default.")] = None,
    meets: Annotated[
        bool, typer.Option("--meets", help="What makes the mix meet the target instead of missing it.")
    ] = False,
    method: Annotated[str, typer.Option(help="prim (boxes) or tree.")] = "prim",
    boxes: Annotated[int, typer.Option(min=1, help="Boxes at most.")] = 2,
    factor: Factors = None,
    level: Level = False,
    seed: Seed = 0,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
) -> None:
    """Under which conditions a mix misses its target: boxes in the uncertain numbers, or a tree.

    \b
    Examples:
      policymix discover dalian-2025 --target dalian-2020/t2
      policymix discover dalian-2025 --target dalian-2020/t2 --method tree --figure misses.png
      policymix discover dalian-2025 --outcome paid --above 1e9 --mix both
    """
    from policymix.analysis.discovery import discover as conditions
    from policymix.analysis.scorecard import chosen as chosen_targets

    finished, priors = _opened(results, figure)
    listed = finished.origin.targets if finished.origin is not None else []
    wanted = None
    if target is not None:
        if outcome is not None:
            raise InvalidValue("--outcome", f"{outcome} beside --target {target}", "one of the two")
        if not listed:
            raise InvalidValue(
                "--target", f"{target}, of results that have no targets", "--outcome with --below or --above"
            )
        (wanted,) = chosen_targets(listed, [target])
    table = conditions(
        finished.results, wanted, outcome=outcome, below=below, above=above, mix=mix, meets=meets, method=method,
        measure="level" if level else "difference", factors=factor or (), boxes=boxes, seed=seed, priors=priors,
    )  # fmt: skip
    from policymix.report import sensitivity_figures
    from policymix.report.answers import languages
    from policymix.report.sensitivity import discovery_pages

    drawn = sensitivity_figures.discovery(table) if figure else None
    flat = table.drop_dims([dim for dim in ("draw", "step") if dim in table.dims])
    put_out(flat, discovery_pages(table, languages(lang)), csv, as_json, figure, drawn)


@commands.command()
def mind(
    results: Results = "dalian-2025",
    outcome: Annotated[
        str, typer.Option(help="A row of the headline, a cell such as core_share[2024], or net_benefit.")
    ] = "net_benefit",
    mix: Annotated[str | None, typer.Option(help="The fullest by default.")] = None,
    against: Annotated[str | None, typer.Option(help="The other mix; the baseline by default.")] = None,
    lower: Annotated[bool, typer.Option("--lower", help="Less is better, as of money paid.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Unknowns and statistics to show, of each.")] = 3,
    factor: Factors = None,
    seed: Seed = 0,
    csv: Csv = None,
    figure: FigureFile = None,
    lang: Language = "en",
    as_json: Json = False,
) -> None:
    """What would change the mind: unknowns behind a headline, where the ranking of two mixes flips, worth of knowing.

    \b
    Examples:
      policymix mind dalian-2025
      policymix mind dalian-2025 --mix both --against htz-2022 --figure mind.png
      policymix mind dalian-2025 --outcome active_firms_city --mix htz-2022 --against dalian-2021
    """
    from policymix.analysis.information import mind as would_change

    finished, priors = _opened(results, figure)
    table = would_change(
        finished.results, outcome, mix=mix, against=against, lower=lower, shown=top, factors=factor or (), seed=seed,
        priors=priors,
    )  # fmt: skip
    from policymix.report import sensitivity_figures
    from policymix.report.answers import languages
    from policymix.report.sensitivity import mind_pages

    drawn = sensitivity_figures.mind(table) if figure else None
    flat = table.drop_dims(["draw", "point"])
    put_out(flat, mind_pages(table, languages(lang)), csv, as_json, figure, drawn)


def _opened(name: str, figure: Path | None) -> tuple[Finished, list[Prior]]:
    """Results of a run or a sweep, and the priors of its scenario, for the titles of what varied."""
    import warnings

    from policymix import catalog
    from policymix.analysis.compare import opened
    from policymix.experiments.inputs import gather, uncertainties

    if figure is not None:
        from policymix.report.answer_figures import check_name

        check_name(figure)
    (finished,) = opened([name])
    if finished.origin is None:
        return finished, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", catalog.HiddenFile)  # the copies are meant to come before the shipped files
        return finished, uncertainties(gather(finished.origin.scenario))
