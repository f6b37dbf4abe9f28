"""What ``peers.py`` found, as a page and as a table."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import primitives
from firmstep import in_c
from sweeps import GOALS

MIDDLE, ENGINE, TWO = 10_000, "engine", ", 2 threads"
TEMPLATE = Path(__file__).with_name("page.md")
GOAL_C, STRETCH_C, GOAL_MESA, STRETCH_MESA = 0.75, 0.9, 230.0, 280.0
GOAL_THREADS, GOAL_GROWTH, GOAL_BOUND, GOAL_RATE, STRETCH_RATE = 1.9, 1.2, 0.5, 5e6, 10e6
FLAGS = {name: " ".join(flag for flag in flags if not flag.startswith("-D")) for name, flags in in_c.BUILDS.items()}


def ratio(found: dict[str, Any], size: int, one: str, other: str, by: str = "busy") -> float | None:
    """Median over rounds of one rate over another of the same round, by processor time or by the clock."""
    rates = found["rates"].get(size, {})
    if one not in rates or other not in rates:
        return None
    return statistics.median(a / b for a, b in zip(rates[one][by], rates[other][by], strict=True))


def rate_at(found: dict[str, Any], size: int, name: str, by: str = "busy") -> float:
    """Median rate over rounds."""
    return statistics.median(found["rates"][size][name][by])


def fastest_c(found: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """The fastest build of some that took part at the middle size."""
    there = [name for name in names if name in found["rates"][MIDDLE]]
    return max(there, key=lambda name: rate_at(found, MIDDLE, name)) if there else None


def growth(found: dict[str, Any], size: int) -> float | None:
    """Cost of a firm-step at a size over that at the middle one: medians of rounds."""
    if ENGINE not in found["rates"].get(size, {}):
        return None
    return rate_at(found, MIDDLE, ENGINE) / rate_at(found, size, ENGINE)


def two_threads(found: dict[str, Any], size: int) -> tuple[float | None, float | None]:
    """What a second thread brings: by the clock, and if both had a core of their own, by processor time."""
    busy = ratio(found, size, ENGINE + TWO, ENGINE)
    return ratio(found, size, ENGINE + TWO, ENGINE, "clock"), None if busy is None else 2.0 * busy


def bound(found: dict[str, Any], operations: dict[str, float], width: float) -> list[tuple[str, float, float]]:
    """Operations, their number in a firm-quarter and nanoseconds in sum, largest first; with columns there and back."""
    counts = {**operations, "traffic": width / 8}
    rows = [(kind, count, count * found["primitives"][kind]) for kind, count in counts.items()]
    return sorted(rows, key=lambda row: -row[2])


def goals(found: dict[str, Any]) -> list[tuple[str, float | None, str, bool | None]]:
    """What was aimed at: words, value, aim, whether it was reached (None if it could not be measured)."""
    full = found["full model"]
    rate = full["rate by processor time"]["median"]
    limit = 1e9 / sum(row[2] for row in bound(found, full["operations"], full["bytes"]))
    same = fastest_c(found, in_c.SAME_RULES)
    rows = [
        ("engine / C with the same float rules (the fastest such build)", ratio(found, MIDDLE, ENGINE, same or ""),
         GOAL_C, STRETCH_C),
        ("engine / Mesa under its batch runner", ratio(found, MIDDLE, ENGINE, "Mesa"), GOAL_MESA, STRETCH_MESA),
        ("engine, 2 threads / 1 thread, by the clock", two_threads(found, MIDDLE)[0], GOAL_THREADS, None),
        ("the same, each with a core to itself (by processor time)", two_threads(found, MIDDLE)[1], GOAL_THREADS, None),
        ("full model: part of its own bound", rate / limit, GOAL_BOUND, None),
        ("full model: million firm-quarters a second on a core", rate / 1e6, GOAL_RATE / 1e6, STRETCH_RATE / 1e6),
    ]  # fmt: skip
    out = []
    for words, value, goal, stretch in rows:
        aim = f"at least {goal:g}" + (f", better {stretch:g}" if stretch else "")
        out.append((words, value, aim, None if value is None else value >= goal))
    grown = growth(found, 1_000_000)
    out.insert(4, ("cost of a firm-step at 1,000,000 firms / at 10,000", grown, f"at most {GOAL_GROWTH:g}",
                   None if grown is None else grown <= GOAL_GROWTH))  # fmt: skip
    return out


def figure(value: float | None) -> str:
    """Three figures, or a dash."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(reached: bool | None) -> str:
    """A truth in words."""
    return "not measured" if reached is None else "reached" if reached else "**not reached**"


def grid(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def rates_of(found: dict[str, Any], size: int) -> str:
    """Everyone's rate at a size, fastest first."""
    rates, same = found["rates"][size], fastest_c(found, in_c.SAME_RULES)
    rows = [
        [
            f"**{name}**" if name.startswith(ENGINE) else name,
            figure(rate_at(found, size, name, "clock") / 1e6),
            f"{figure(min(rates[name]['clock']) / 1e6)} - {figure(max(rates[name]['clock']) / 1e6)}",
            figure(rate_at(found, size, name) / 1e6),
            *("" if name.endswith(TWO) else figure(ratio(found, size, name, other or "")) for other in ("Mesa", same)),
        ]
        for name in sorted(rates, key=lambda name: -rate_at(found, size, name, "clock"))
    ]
    head = ["", "million firm-steps a second", "lowest - highest", "a second of processor time"]
    return grid([*head, "/ Mesa", f"/ {same or 'C'}"], rows)


def costs(found: dict[str, Any], operations: dict[str, float], width: float) -> str:
    """Where the nanoseconds of a bound come from."""
    rows = [[primitives.KIND[kind], figure(count), figure(found["primitives"][kind]), figure(total)]
            for kind, count, total in bound(found, operations, width)]  # fmt: skip
    rows.append(["sum", "", "", figure(sum(row[2] for row in bound(found, operations, width)))])
    return grid(["", "in a firm-quarter", "ns each", "ns"], rows)


def text(found: dict[str, Any]) -> str:
    """The page: the template with what was found."""
    parts = of_peers(found) | of_full_model(found)
    return TEMPLATE.read_text(encoding="utf-8").format(**parts)


def of_peers(found: dict[str, Any]) -> dict[str, str]:
    """Parts of the page about the reference rule set."""
    rules, place, skipped = found["rule set"], found["machine"], found["skipped"]
    flags = [
        [name, f"`{flags}`" + (", exp, log, cos of the C library" if "library" in name else "")]
        for name, flags in FLAGS.items()
    ]
    sizes = [
        [f"{size:,}", figure(1e9 / rate_at(found, size, ENGINE)), figure(growth(found, size))]
        + [figure(each) for each in two_threads(found, size)]
        for size in found["sizes"]
    ]
    by_firms = ["firms", "engine: ns a firm-step", "against 10,000", "2 threads / 1 by the clock", "by processor time"]
    held = [[name, figure(each.get("kept")), figure(each["most"])] for name, each in found["memory"].items()]
    agreement = [agreement_row(name, each) for name, each in found["agreement"].items()]
    return {
        **{key: str(place[key]) for key in ("cores", "architecture", "system", "vectors", "processor")},
        "rounds": str(found["rounds"]),
        "load": figure(found["load"]),
        "aims": grid(["", "found", "aim", ""], [[a, figure(b), c, verdict(d)] for a, b, c, d in goals(found)]),
        "rules": str(rules["rules (functions)"]),
        "clauses": str(rules["clauses"]),
        "numbers": str(rules["random numbers a firm-step"]),
        "outcomes": str(rules["outcomes by sector"]),
        "bytes": str(rules["bytes a slot"]),
        "slots": figure(rules["slots a firm"]),
        "compiling": figure(found["compiling the rule set once, s"]),
        "rates": "\n\n".join(f"{size:,} firms:\n\n{rates_of(found, size)}" for size in found["sizes"]),
        "builds": grid(["", "flags"], flags),
        "agreement": grid(["", "farthest", "agrees"], agreement),
        "skipped": "; ".join(f"{name} ({why})" for name, why in skipped.items()) or "nobody",
        "growth": grid(by_firms, sizes),
        "memory": grid(["bytes a firm", "kept between quarters", "most during a run"], held),
        "many": many(found),
        "versions": ", ".join(f"{name} {each}" for name, each in found["versions"].items()),
    }


def of_full_model(found: dict[str, Any]) -> dict[str, str]:
    """Parts of the page about the full model and the bounds."""
    full, rules = found["full model"], found["rule set"]
    reference = sum(row[2] for row in bound(found, found["reference operations"], rules["bytes a slot"]))
    limit = sum(row[2] for row in bound(found, full["operations"], full["bytes"]))
    engine, rate = 1e9 / rate_at(found, MIDDLE, ENGINE), full["rate by processor time"]["median"]
    return {
        "firm_quarters": f"{full['firm-quarters']:,}",
        "full_rate": figure(rate / 1e6),
        "full_clock": figure(full["rate"]["median"] / 1e6),
        "full_rules": str(full["rules (functions in firms/)"]),
        "full_clauses": "hold " + ", ".join(f"{count} clauses (`{name}`)" for name, count in full["clauses"].items()),
        "full_numbers": figure(full["random numbers every firm draws a quarter"]),
        "full_most_numbers": str(full["random numbers a firm may draw a quarter"]),
        "full_bytes": str(full["bytes"]),
        "full_parts": grid(["", "ns a firm-quarter", "%"], shares(full["parts"])),
        "full_costs": costs(found, full["operations"], full["bytes"]),
        "limit": figure(1e3 / limit),
        "limit_ns": figure(limit),
        "reached": f"{rate * limit / 1e9:.0%}",
        "full_ns": figure(1e9 / rate),
        "reference_ns": figure(reference),
        "engine_ns": figure(engine),
        "engine_reached": f"{reference / engine:.0%}",
        "clause_ns": figure(found["primitives"]["clause"]),
        "reference_stages": grid(["", "ns a firm"], [[a, figure(b)] for a, b in found["reference stages"].items()]),
        "reference_costs": costs(found, found["reference operations"], rules["bytes a slot"]),
        "sweeps": swept(found),
    }


def shares(parts: dict[str, float]) -> list[list[str]]:
    """Parts with what they cost and their per cent of the whole."""
    whole = sum(parts.values())
    return [[name, figure(cost), figure(100.0 * cost / whole)] for name, cost in parts.items()]


def swept(found: dict[str, Any]) -> str:
    """What ``sweeps.py`` measured."""
    each = found["sweeps"]
    if each is None:
        return "Not measured: `python benchmarks/sweeps.py --processes 2 --json > FILE`, then `peers.py --sweeps FILE`."
    rows = [
        [name, figure(each[name]), f"{how} {goal:g}", verdict(each["goals"][f"{name} {how} {goal:g}"])]
        for name, (goal, how) in GOALS.items()
        if name in each
    ]
    return (
        f"`benchmarks/zone.toml`: {each['runs']:,} runs of the full model over {each['firms']:,} firms, the High-tech "
        f"Zone's, at prices of their own, every number stored ({figure(each['store on disk, MB'])} MB; at most "
        f"{figure(each['peak memory, MB'])} MB of memory in {each['threads']} threads).\n\n"
        + grid(["", "found", "aim", ""], rows)
    )


def agreement_row(name: str, each: dict[str, Any]) -> list[str]:
    """One line of the table of agreement."""
    far = each.get("largest difference")
    words = f"{each['farthest mean, standard errors']:.2g} standard errors" if far is None else f"{far:.1e}"
    return [name, words, ("to the bit with one" if TWO in name else "yes") if each["agrees"] else "**no**"]


def many(found: dict[str, Any]) -> str:
    """What many runs take."""
    each = found["many runs"]
    if each is None:
        return f"Not measured: {found['skipped']['store']}."
    return (
        f"{each['runs']:,} runs of {each['firms']:,} firms through 20 quarters, all outcomes written to a Zarr 3 store "
        f"a thousand runs at a time, on two threads: **{each['seconds']:.3g} s** "
        f"({each['firm-steps'] / 1e6:,.0f} million firm-steps; {each['firms at the start, s']:.2g} s for the firms "
        f"at the start, {each['writing, s']:.2g} s for writing {each['megabytes']:,.0f} MB)."
    )


def table(found: dict[str, Any]) -> str:
    """The main results as text."""
    lines = [
        f"{words:<66}{figure(value):>10}  ({aim}: {verdict(reached).strip('*')})"
        for words, value, aim, reached in goals(found)
    ]
    for size in found["sizes"]:
        lines.append(f"\n{size:,} firms, million firm-steps a second, / Mesa")
        rates = found["rates"][size]
        lines += [f"  {name:<40}{figure(rate_at(found, size, name, 'clock') / 1e6):>8}"
                  f"{figure(ratio(found, size, name, 'Mesa')):>8}" for name in rates]  # fmt: skip
    lines.append("\nbytes a firm (kept, most)")
    lines += [
        f"  {name:<40}{figure(each.get('kept')):>8}{figure(each['most']):>8}" for name, each in found["memory"].items()
    ]
    lines.append("\n" + many(found).replace("**", ""))
    lines += [f"left out: {name}: {why}" for name, why in found["skipped"].items()]
    lines += [f"disagrees: {name}" for name, each in found["agreement"].items() if not each["agrees"]]
    return "\n".join(lines)
