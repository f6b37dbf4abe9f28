"""A table of claims: the fen of ``entitlement``, whatever the order of rows, and slips told where they are."""

import datetime
import importlib.util
import random
import sys
import time

import numpy as np
import pytest
import worked

from policymix.errors import InvalidFile, InvalidValue, NotFound, RunFailed
from policymix.policy import table as tables
from policymix.policy.claim import KIND_INDEX, KINDS, facts_of, kind_named
from policymix.policy.entitlement import entitlement
from policymix.policy.package import load
from policymix.policy.table import entitle_table


def unlimited(raw):
    for each in (raw, *raw["clause"]):
        if "claims" in each.get("budget", {}) or isinstance(each.get("budget", {}).get("amount"), int):
            del each["budget"]


MIX = [load("dalian-2021"), load("htz-2022"), worked.altered(worked.package("invented"), unlimited)]
OPEN = [worked.altered(load(name), unlimited) for name in ("shiyan-2022", "qingdao-2023")]
PROJECT = {"kind": "project", "place": "city", "types": "smart_upgrading", "on": "2022-03-01"}


def some_fact(fact, draw):
    """A value of a fact, near the bounds that the texts set."""
    match fact.type:
        case "bool":
            return draw.random() < 0.8
        case "date":
            return datetime.date(2021, 1, 1) + datetime.timedelta(days=draw.randrange(1400))
        case "choice":
            return draw.choice(fact.words)
        case "set":
            return draw.sample(fact.words, k=min(len(fact.words), draw.randint(0, 4)))
        case "place":
            return draw.choice(["zone", "zone", "city", "elsewhere"])
        case "money" | "usd":
            return round(10.0 ** draw.uniform(3.0, 8.0), draw.choice([0, 2]))
        case "share":
            return round(draw.random(), 2)
    return draw.choice([1, 7, 20, 36, 45, 120, 300, 1500])


def random_claims(n, seed, firms=4, matters=3, kinds=KINDS):
    """Claims of all kinds; firms, matters and holders come again."""
    draw = random.Random(seed)
    out = []
    for i in range(n):
        kind = draw.choice(kinds)
        claim = {"id": f"c{i:03d}", "kind": kind.name, "firm": f"f{draw.randrange(firms)}"}
        claim["matter"] = f"m{draw.randrange(matters)}"
        for fact in facts_of(kind.name):
            if fact.name == kind.on or draw.random() < 0.9:
                claim[fact.name] = some_fact(fact, draw)
        if kind.holder != "firm":
            claim[kind.holder] = f"h{draw.randrange(2)}"
        out.append(claim)
    return out


def cell(value):
    """A value as text of a CSV file."""
    if isinstance(value, list):
        return "|".join(value) or "|"
    return str(value).lower() if isinstance(value, bool) else str(value)


def columns(claims):
    """Claims as columns of text."""
    names = list(dict.fromkeys(name for claim in claims for name in claim))
    return {name: [cell(claim[name]) if name in claim else "" for claim in claims] for name in names}


def grants(found):
    """CNY by (claim, clause) of the calculator, without what conditions take back."""
    out = {}
    for row in found.rows:
        if row.what == "grant":
            out[row.claim, row.clause] = round(out.get((row.claim, row.clause), 0.0) + row.amount, 2)
    return out


def paid(table):
    """CNY by (claim, clause) of a table."""
    return {
        (table.ids[r], table.clauses[c]): round(float(table.amount[r, c]), 2)
        for r, c in zip(*np.nonzero(table.amount), strict=True)
    }


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("mix", [MIX, OPEN, MIX[:1], MIX[2:]], ids=["three", "two", "dalian", "invented"])
def test_random_claims_are_paid_to_the_fen_as_by_the_calculator(mix, seed):
    kinds = random.Random(seed).sample(KINDS, 21 if seed < 4 else 3)
    claims = random_claims(60, seed, firms=1 + seed % 5, matters=1 + seed % 4, kinds=kinds)
    single = entitlement(mix, claims)
    table = entitle_table(mix, columns(claims))
    assert paid(table) == grants(single)
    status = {(note.claim, note.clause): note.status for note in single.trace}
    row = {name: r for r, name in enumerate(table.ids)}
    assert all(table.words(clause)[row[name]] == word for (name, clause), word in status.items())
    np.testing.assert_allclose(table.total.sum(), single.total, atol=0.001)


def test_random_claims_pay_under_most_clauses():
    seen = set()
    for seed in range(12):
        seen |= entitle_table(MIX, columns(random_claims(300, seed, firms=60, matters=80))).by_clause().keys()
    assert len(seen) > 25


def test_worked_cases_are_paid_as_by_hand():
    compared = 0
    for case in worked.cases():
        found = worked.run(case)
        if {"rationed", "budget"} & {note.status for note in found.trace}:
            continue
        shared = {"firm": "f1", **case.get("firm", {})}
        claims = []
        for i, own in enumerate(case["claim"]):
            kind = own.get("kind", shared.get("kind"))
            known = tables._known(kind) | {"id"}
            claims.append({"id": f"c{i + 1:03d}", **{k: v for k, v in {**shared, **own}.items() if k in known}})
            claims[-1]["id"] = own.get("id", f"c{i + 1:03d}")
        values = {k: float(v) for k, v in case.get("values", {}).items()}
        table = entitle_table([worked.package(name) for name in case["packages"]], columns(claims), values=values)
        assert paid(table) == grants(found), case["name"]
        compared += 1
    assert compared > 40


def test_the_order_of_rows_does_not_matter():
    claims = random_claims(200, 5, firms=8, matters=6)
    first = entitle_table(MIX, columns(claims))
    random.Random(1).shuffle(claims)
    again = entitle_table(MIX, columns(claims))
    assert paid(again) == paid(first) and again.ids == tuple(claim["id"] for claim in claims)


def test_rows_without_a_firm_are_firms_of_their_own():
    rows = {**PROJECT, "types": ["digital_infrastructure"] * 2, "on": ["2022-03-01"] * 2, "place": ["city"] * 2}
    rows["new_investment"] = np.array([40e6, 40e6])
    assert entitle_table("dalian-2021", rows).total.tolist() == [4_000_000.0, 4_000_000.0]
    one = {**rows, "firm": ["a", "a"], "project": ["p", "p"]}
    assert entitle_table("dalian-2021", one).total.tolist() == [4_000_000.0, 1_000_000.0]


def test_arrays_and_text_are_read_alike():
    claims = [c for c in random_claims(2000, 3, firms=30) if c["kind"] == "lease"]
    text = columns(claims)
    typed = dict(text, kind="lease")
    for fact in facts_of("lease"):
        given = [claim.get(fact.name) for claim in claims]
        if fact.type == "date":
            typed[fact.name] = np.array(given, dtype="datetime64[D]")
        elif fact.type == "set":
            typed[fact.name] = given
        elif fact.type not in ("choice", "place", "bool"):
            typed[fact.name] = np.array([np.nan if v is None else v for v in given], dtype=float)
    assert paid(entitle_table(MIX, typed)) == paid(entitle_table(MIX, text)) != {}


def test_fixed_budgets_and_conditions_are_said():
    rows = {"kind": ["service"], "on": ["2021-05-01"], "service_type": ["other"], "served": [500], "place": ["city"]}
    table = entitle_table(worked.package("invented"), rows)
    assert table.total[0] == 500_000.0
    assert any("invented/G: subject to budget (100,000 CNY per year)" in notice for notice in table.notices)
    arrival = {"kind": ["arrival"], "arrived_on": ["2021-05-01"], "place": ["city"]}
    assert any("condition" in text for text in entitle_table(worked.package("invented"), arrival).notices)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"new_investmnt": ["1"]}, ["column new_investmnt", "project", "'new_investment'"]),
        ({"types": ["smart_upgrade"]}, ["claim a > types", "'smart_upgrade'", "nearest valid name: 'smart_upgrading'"]),
        ({"types": ["smart_upgrading|oter"]}, ["'oter'", "'other'"]),
        ({"on": ["2022-13-01"]}, ["claim a > on", "'2022-13-01'", "a date such as 2022-08-31"]),
        ({"on": [""]}, ["claim a > on", "the date of the claim"]),
        ({"total_investment": ["-5"]}, ["claim a > total_investment", "-5", "CNY, not below 0"]),
        ({"total_investment": ["nan"]}, ["claim a > total_investment", "nan", "CNY, not below 0"]),
        ({"total_investment": ["inf"]}, ["inf", "CNY, not below 0"]),
        ({"total_investment": ["1,000"]}, ["'1,000'"]),
        ({"total_investment": np.array([-1.0])}, ["-1.0", "CNY, not below 0"]),
        ({"total_investment": np.array([np.inf])}, ["inf", "CNY, not below 0"]),
        ({"local": ["yes"]}, ["'yes'", "true or false"]),
        ({"place": ["cty"]}, ["'city'"]),
        ({"kind": ["projct"]}, ["claim a > kind", "'projct'", "'project'"]),
        ({"kind": [""]}, ["claim a > kind", "one of"]),
        ({"kind": None}, ["column kind", "nothing"]),
        ({"place": ["city", "city"]}, ["rows"]),
    ],
)
def test_slips_are_told_with_row_and_column(change, words):
    given = {**{name: [value] for name, value in PROJECT.items()}, "id": ["a"], "total_investment": ["5"], **change}
    if given["kind"] is None:
        del given["kind"]
    with pytest.raises(InvalidFile) as error:
        entitle_table("dalian-2021", given)
    for word in words:
        assert word in str(error.value)


def test_all_slips_are_told_but_twenty_at_most_and_one_line_a_word():
    n = 500
    given = {name: [value] * n for name, value in PROJECT.items()} | {"revenue": [f"x{i}" for i in range(n)]}
    given |= {"types": ["smrt"] * n, "id": ["a", "a", *map(str, range(n - 2))]}
    with pytest.raises(InvalidFile) as error:
        entitle_table("dalian-2021", given)
    text = str(error.value)
    assert "id a: found 2 rows" in text and "more" in text
    assert len(error.value.problems) <= 21
    with pytest.raises(InvalidFile, match="and 499 other rows"):
        entitle_table("dalian-2021", {**given, "id": list(map(str, range(n))), "revenue": ["1"] * n})


def test_a_fact_of_another_kind_is_refused():
    given = {
        "kind": ["project", "lease"],
        "on": ["2022-01-01", ""],
        "started_on": ["", "2022-01-01"],
        "area": ["3", "3"],
    }
    with pytest.raises(InvalidFile, match="1 rows of claim kind project that fill it"):
        entitle_table("dalian-2021", given)


def test_csv_in_and_out(tmp_path):
    claims = random_claims(80, 9)
    given = columns(claims)
    path = tmp_path / "claims.csv"
    lines = [",".join(given), *(",".join(row) for row in zip(*given.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    table = entitle_table(MIX, path)
    assert paid(table) == grants(entitlement(MIX, claims)) != {}
    out = table.write(tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    head = out[0].split(",")
    assert head[:2] == ["id", "total"] and set(head[2:]) == set(table.by_clause())
    back = [line.split(",") for line in out[1:]]
    assert [row[0] for row in back] == list(table.ids)
    np.testing.assert_array_equal([float(row[1]) for row in back], table.total)
    every = table.write(tmp_path / "all.csv", every_clause=True).read_text(encoding="utf-8").splitlines()
    assert len(every[0].split(",")) == 2 + len(table.clauses)


def test_broken_files(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("kind,on,on\nproject,2022-01-01\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"(?s)column on: found 2 columns.*row 1: found 2 cells; expected 3"):
        entitle_table("dalian-2021", path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InvalidFile, match="no row"):
        entitle_table("dalian-2021", path)
    path.write_text("on\n2022-01-01\n", encoding="utf-8")
    assert entitle_table("dalian-2021", path, kind="project").total.tolist() == [0.0]
    with pytest.raises(NotFound, match=r"claims\.csv"):
        entitle_table("dalian-2021", tmp_path / "claim.csv")
    with pytest.raises(InvalidValue, match=r"\.parquet"):
        entitle_table("dalian-2021", tmp_path / "claims.xlsx")


def test_parquet_in_and_out_or_the_extra_named(tmp_path):
    kinds = [kind_named(name) for name in ("project", "lease", "research", "fund_investment")]
    claims = random_claims(80, 11, kinds=kinds)
    table = entitle_table(MIX, columns(claims))
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(RunFailed, match=r"pip install policymix\[parquet\]"):
            table.write(tmp_path / "out.parquet")
        return
    import pyarrow
    from pyarrow import parquet

    names = dict.fromkeys(name for claim in claims for name in claim)
    given = pyarrow.table({name: pyarrow.array([claim.get(name) for claim in claims]) for name in names})
    parquet.write_table(given, tmp_path / "claims.parquet")
    again = entitle_table(MIX, tmp_path / "claims.parquet")
    assert paid(again) == paid(table)
    back = parquet.read_table(again.write(tmp_path / "out.parquet"))
    np.testing.assert_array_equal(back["total"].to_numpy(), table.total)


def test_every_kind_has_a_date_to_order_by():
    assert all(kind_named(name).on in {fact.name for fact in facts_of(name)} for name in KIND_INDEX)


@pytest.mark.slow
def test_a_hundred_thousand_claims(monkeypatch, capsys):
    n, draw = 100_000, np.random.default_rng(1)
    types = ["digital_infrastructure", "smart_city", "industrial_internet", "smart_upgrading", "other"]
    given = {
        name: draw.uniform(1e4, 9e7, n) for name in ("new_investment", "construction_spending", "total_investment")
    }
    given |= {"kind": "project", "place": ["city"] * n, "types": [types[i] for i in draw.integers(0, 5, n)]}
    given["on"] = np.datetime64("2022-01-01") + draw.integers(0, 700, n)
    entitle_table("dalian-2021", {**{name: column[:2] for name, column in given.items()}, "kind": "project"})
    spent, work = [], tables.compiled_work()

    def timed(*arguments):
        start = time.perf_counter()
        work(*arguments)
        spent.append(time.perf_counter() - start)

    monkeypatch.setattr(tables, "compiled_work", lambda: timed)
    start = time.perf_counter()
    tries = 5
    for _ in range(tries):
        table = entitle_table("dalian-2021", given)
    whole = (time.perf_counter() - start) / tries
    clauses = len([name for name in table.clauses if not name.endswith("/10")])
    each = min(spent) / n * 1e9
    with capsys.disabled():
        sys.stdout.write(
            f"\n100,000 claims: {min(spent):.3f} s, {each:,.0f} ns a claim, {each / clauses:.0f} ns a clause and claim "
            f"({each / 5:.0f} over the 5 of the kind); {whole:.3f} s with the columns read and the package compiled\n"
        )
    assert min(spent) < 0.5
