"""Commands about packages: entitlements, look-up, schedules, coverage, comparing and merging, schemas."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from policymix import catalog
from policymix.errors import InvalidValue, NotFound, RunFailed

LANGUAGES = ("en", "zh", "both")
TABLES = (".csv", ".parquet")
SCHEMAS = ("package", "opportunities", "targets", "experiment")

commands = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
ScaleToHost = Annotated[
    bool, typer.Option("--scale-to-host", help="Money of other cities' packages times host GDP over home GDP.")
]
Language = Annotated[str, typer.Option(help="en, zh, or both.")]


@commands.command()
def entitle(
    names: Annotated[
        list[str], typer.Argument(metavar="PACKAGE... CLAIMS.toml", help="Packages, then a file of claims.")
    ],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of claims that give none.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say of every clause why it pays or does not.")] = False,
    best: Annotated[bool, typer.Option("--best", help="Leave out claims that spoil better ones.")] = False,
    lang: Language = "both",
    out: Annotated[Path | None, typer.Option(help="File for the answer to a table of claims.")] = None,
    as_json: Json = False,
) -> None:
    """What a firm is entitled to for its claims, clause by clause, and why.

    \b
    Examples:
      policymix entitle dalian-2021 htz-2022 claims.toml --explain
      policymix entitle htz-2022 claims.csv --out paid.csv
    """
    from policymix.policy.dossier import load_claims
    from policymix.policy.entitlement import entitlement
    from policymix.policy.lookup import best_claims
    from policymix.policy.package import load

    if len(names) < 2:
        raise InvalidValue("entitle", f"only '{names[0]}'", "one package or more, then a file of claims")
    _check_language(lang)
    *packages, claims = names
    loaded = [load(name) for name in packages]
    if Path(claims).suffix.lower() in TABLES:
        _entitle_table(loaded, Path(claims), out)
        return
    if out is not None:
        raise InvalidValue("--out", f"a file of claims in TOML ({claims})", "a table of claims: .csv or .parquet")
    dossier = load_claims(Path(claims), on.date() if on else None)
    if best:
        kept, answer = best_claims(loaded, dossier)
        left_out = [claim.id for claim in dossier.claims if claim.id not in kept]
        typer.echo(f"claims to leave out: {', '.join(left_out) or 'none'}", err=True)
    else:
        answer = entitlement(loaded, dossier)
    typer.echo(as_json_text(answer) if as_json else _entitlement_text(answer, lang, explain))


@commands.command(name="open")
def open_clauses(
    names: Annotated[
        list[str], typer.Argument(metavar="PACKAGE... FACTS.toml", help="Packages, then a file of facts.")
    ],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the claims; today by default.")
    ] = None,
    lang: Language = "both",
    as_json: Json = False,
) -> None:
    """Which clauses are open to a firm from its facts, and which fact would decide the others.

    \b
    Example:
      policymix open dalian-2021 htz-2022 facts.toml --on 2022-09-01
    """
    from dataclasses import asdict

    from policymix.policy.lookup import openings
    from policymix.policy.package import load

    if len(names) < 2:
        raise InvalidValue("open", f"only '{names[0]}'", "one package or more, then a file of facts")
    _check_language(lang)
    *packages, facts = names
    day = (on or datetime.now()).date()
    rows = openings([load(name) for name in packages], catalog.read_toml(facts), day)
    if as_json:
        typer.echo(as_json_text([asdict(row) for row in rows]))
        return
    for row in rows:
        needs = f"; needs {', '.join(row.needs)}" if row.needs else ""
        typer.echo(f"{row.standing:8}{row.amount:>16,.2f} CNY  {row.clause}{needs}")
        typer.echo("\n".join(f"    {line}" for line in _both(lang, row.title, row.why, row.title_zh, row.why_zh)))


def _check_language(lang: str) -> None:
    if lang not in LANGUAGES:
        raise InvalidValue("--lang", f"'{lang}'", f"one of {', '.join(LANGUAGES)}")


def _both(lang: str, title: str, why: str, title_zh: str, why_zh: str) -> list[str]:
    """A title with its reason in the languages asked for."""
    said = {"en": [f"{title}: {why}"], "zh": [f"{title_zh}:{why_zh}"]}
    return [*said["en"], *said["zh"]] if lang == "both" else said[lang]


def _entitle_table(packages: list[Any], claims: Path, out: Path | None) -> None:
    """A table of claims through the compiled path: a file where one is named, else the sums by clause."""
    from policymix.experiments import listing
    from policymix.policy.table import entitle_table

    answer = entitle_table(packages, claims)
    if out is not None:
        answer.write(out)
    rows = [{"clause": clause, "CNY": f"{amount:,.2f}"} for clause, amount in answer.by_clause().items() if amount]
    typer.echo(listing.columns(rows))
    typer.echo(f"{len(answer.ids):,} claims, {answer.total.sum():,.2f} CNY" + (f": {out}" if out else ""))
    typer.echo("".join(f"notice: {notice}\n" for notice in answer.notices), err=True, nl=False)


@commands.command()
def schedule(
    address: Annotated[str, typer.Argument(metavar="PACKAGE/CLAUSE", help="A clause that pays.")],
    claims: Annotated[Path, typer.Argument(metavar="CLAIMS.toml", help="A file with a claim of the clause's kind.")],
    along: Annotated[str, typer.Option(help="The fact of the claim that moves.")],
    low: Annotated[float, typer.Option("--from", help="First value of the fact.")] = 0.0,
    high: Annotated[
        float | None, typer.Option("--to", help="Last value; beyond the last breakpoint by default.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw it into this file (.png or .svg).")] = None,
    as_json: Json = False,
) -> None:
    """What a clause pays as one fact moves: breakpoints, marginal rates and jumps.

    \b
    Example:
      policymix schedule htz-2022/m4 claims.toml --along area
    """
    from dataclasses import asdict

    from policymix.experiments import listing
    from policymix.policy.dossier import load_claims
    from policymix.policy.package import load
    from policymix.policy.profile import profile

    name, _, clause = address.rpartition("/")
    if not name:
        raise InvalidValue("schedule", f"'{address}'", "PACKAGE/CLAUSE, such as htz-2022/m4")
    package = load(name)
    pieces = profile(package, clause, load_claims(claims), along, low, high)
    if figure is not None:
        from policymix.report.schedule import draw

        draw(package, clause, along, pieces, figure)
    if as_json:
        typer.echo(as_json_text([asdict(piece) for piece in pieces]))
        return
    rows = [
        {
            "from": f"{piece.first:,.12g}",
            "to": f"{piece.last:,.12g}",
            "paid at from, CNY": f"{piece.at_first:,.2f}",
            "paid at to, CNY": f"{piece.at_last:,.2f}",
            "CNY per unit": f"{piece.slope:,.6g}",
            "jump at from, CNY": f"{piece.jump:,.2f}" if piece.jump else "",
            "bound counts": "yes" if piece.includes_first else "no",
        }
        for piece in pieces
    ]
    typer.echo(listing.columns(rows))


@commands.command()
def coverage(
    document: Annotated[str | None, typer.Argument(help="One document; all of them by default.")] = None,
    as_json: Json = False,
) -> None:
    """What carries each provision of the documents: a clause, an opportunity, a target or a reason.

    Exit code 1 when nothing carries one of them.

    \b
    Examples:
      policymix coverage
      policymix coverage htz-2022
    """
    from dataclasses import asdict

    from policymix.experiments import listing
    from policymix.experiments.provisions import missing, provisions

    rows = provisions(document)
    if as_json:
        typer.echo(as_json_text([asdict(row) for row in rows]))
    else:
        lines = [
            {
                "provision": row.id,
                "part": row.part,
                "carried by": ", ".join(row.carried_by) or "NOTHING",
                "how": row.how,
            }
            for row in rows
        ]
        typer.echo(listing.columns(lines))
        typer.echo(f"{len(rows)} provisions, {len(missing(rows))} missing")
    if missing(rows):
        raise typer.Exit(1)


@commands.command()
def diff(
    first: Annotated[str, typer.Argument(help="A package.")],
    second: Annotated[str, typer.Argument(help="Another, or one that extends it.")],
    by_address: Annotated[bool, typer.Option("--addresses", help="Every changed value by its address.")] = False,
) -> None:
    """What one package changes of another: clauses dropped, added and changed, in words.

    \b
    Example:
      policymix diff htz-2022 my-zone.toml
    """
    from policymix.policy.package import load
    from policymix.policy.page import changes
    from policymix.policy.versions import diff as differences

    before, after = load(first), load(second)
    if by_address:
        lines = [f"{address}: {_said(old)} -> {_said(new)}" for address, old, new in differences(before, after)]
    else:
        lines = changes(before, after)
    typer.echo("\n".join(lines) or f"{first} and {second} say the same")


def _said(value: object) -> str:
    """A value of a package as it would be written in its file."""
    if isinstance(value, list):
        return f"[{', '.join(_said(each) for each in value)}]"
    return "nothing" if value is None else str(value)


@commands.command()
def merge(
    names: Annotated[list[str], typer.Argument(metavar="PACKAGE...", help="Packages, or versions of one package.")],
    out: Annotated[Path | None, typer.Option(help="File for the merged versions; printed by default.")] = None,
) -> None:
    """Put packages together: versions of one package become one file; different packages are checked as a mix.

    Two values for one thing are an error that shows both and where they stand.

    \b
    Examples:
      policymix merge my-draft.toml your-draft.toml --out both.toml
      policymix merge dalian-2021 htz-2022
    """
    from policymix.policy.package import load, show
    from policymix.policy.versions import merge as together
    from policymix.policy.versions import union

    packages = [load(name) for name in names]
    if len({package.id for package in packages}) > 1:
        if out is not None:
            raise InvalidValue(
                "--out", "different packages", "versions of one package; packages are joined by + in a mix"
            )
        for package in packages:
            inside = set(package.extends) & {other.id for other in packages}
            if inside:
                expected = "packages that do not contain each other: a mix would count the clauses twice"
                raise InvalidValue("merge", f"{package.id}, which extends {', '.join(inside)}", expected)
        for package in together(packages):
            typer.echo(
                f"{package.id}: {len(package.clause)} clauses, {package.start} to {package.end or 'further notice'}"
            )
        typer.echo(f"no conflict: --mix {'+'.join(names)}")
        return
    text = show(union(packages))
    if out is None:
        typer.echo(text.rstrip())
        return
    if out.exists():
        raise InvalidValue("--out", f"{out}, which exists", "a name that is free")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunFailed(f"cannot write {out}: {error.strerror or error}") from None
    typer.echo(f"{out} holds {', '.join(names)}")


@commands.command()
def schema(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(SCHEMAS)}.")] = "package",
    out: Annotated[Path | None, typer.Option(help="File to write; printed by default.")] = None,
) -> None:
    """The JSON Schema of a kind of file, for editors that complete and check TOML.

    \b
    Example:
      policymix schema package --out package.schema.json
    """
    from policymix.calibrate.forms import Form
    from policymix.policy.schema import json_schema, schema_of

    if kind not in SCHEMAS:
        raise NotFound("schema", kind, SCHEMAS)
    text = as_json_text(schema_of(Form) if kind == "experiment" else json_schema(kind))
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise RunFailed(f"cannot write {out}: {error.strerror or error}") from None


@commands.command()
def reference(
    folder: Annotated[Path, typer.Argument(help="Folder of the pages; ODD.md stands beside it.")] = Path(
        "docs/reference"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when a page is not current.")
    ] = False,
    current: Annotated[
        bool, typer.Option("--current", help="Exit code 1 too when numbers kept of a run are older than its sources.")
    ] = False,
    results: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of a run whose numbers to keep, before the pages.")
    ] = None,
) -> None:
    """Write the reference pages of claim kinds, packages, targets, opportunities and parameters, and the model's
    description, from the data and the code.

    \b
    Examples:
      policymix reference docs/reference
      policymix reference --results out/dalian-2025
    """
    from policymix.report.chain import keep_results, stale_results
    from policymix.report.reference import stale, write

    try:
        if results is not None:
            typer.echo(keep_results(results))
        changed = stale(folder) if check else write(folder)
    except OSError as error:
        raise RunFailed(f"cannot write below {folder}: {error.strerror or error}") from None
    old = stale_results() if current else []
    typer.echo("\n".join([*map(str, changed), *old]) or f"{folder} is current")
    if (check and changed) or old:
        raise typer.Exit(1)


def _entitlement_text(answer: Any, lang: str, explain: bool) -> str:
    """Total and range, then every claim with what the clauses say to it, payments first; all of them when explained."""
    spread = f"from {answer.low:,.2f} to {answer.high:,.2f} where the texts leave it open"
    lines = [f"total {answer.total:,.2f} CNY ({spread})"]
    for claim in dict.fromkeys(note.claim for note in answer.trace):
        lines += ["", f"claim {claim}"]
        notes = [note for note in answer.trace if note.claim == claim and note.status != "other_kind"]
        shown = notes if explain else [note for note in notes if note.amount > 0.0 or note.unknown]
        if len(shown) < len(notes):
            lines[-1] += f" ({len(notes) - len(shown)} clauses of its kind do not pay; --explain says why)"
        notes = shown
        for note in sorted(notes, key=lambda note: -note.amount):
            subject = f"; subject to {', '.join(note.subject_to)}" if note.subject_to else ""
            lines.append(f"  {note.clause}  {note.status} {note.status_zh}  {note.amount:,.2f} CNY{subject}")
            lines += [f"      {line}" for line in _both(lang, note.title, note.why, note.title_zh, note.why_zh)]
            if explain:
                distance = [] if note.distance is None else [f"distance to the bound {note.distance:,g}"]
                reading = [f"our reading: {note.reading}"] if note.reading else []
                lines += [f"      {line}" for line in [*distance, *reading, f"in the text: {note.source}"]]
    lines += ["", "payments"] if answer.rows else []
    lines += [f"  {_payment(row)}" for row in answer.rows]
    lines += ["", *(f"notice: {notice}" for notice in answer.notices)] if answer.notices else []
    return "\n".join([*lines, "", f"facts and packages: {answer.digest[:16]}"])


def _payment(row: Any) -> str:
    """One payment or recovery: when it falls due, for what, and who pays it."""
    when = ", ".join(f"{amount:,.2f} {'when the fact is known' if day is None else day}" for day, amount in row.due)
    payers = ", ".join(f"{who} {amount:,.2f}" for who, amount in row.payers.items())
    return f"{row.clause}  {row.what}  claim {row.claim}  {row.amount:,.2f} CNY (due {when}; {payers})"


def as_json_text(content: Any) -> str:
    import dataclasses
    import json

    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        content = dataclasses.asdict(content)
    return json.dumps(catalog.plain(content), indent=2, ensure_ascii=False, default=str)
