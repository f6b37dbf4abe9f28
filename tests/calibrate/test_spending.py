"""Money paid against published bounds."""

import pytest

from policymix import catalog
from policymix.calibrate.spending import Bound, read_bounds, spent
from policymix.errors import InvalidFile, NotFound
from policymix.experiments.runner import run


def bound(**changes):
    given = {"id": "x", "title": {"en": "x", "zh": "x"}, "region": "dalian", "payer": "city", "from": "2021Q1"}
    return Bound.model_validate({**given, "until": "2023Q4", "source": "CS-0160", "why": "try", **changes})


def test_bounds_carry_the_figures_of_their_rows():
    bounds = {each.id: figure for each, figure in read_bounds("dalian")}
    assert bounds["support-funds"] == 1e9 and bounds["zone-revenue-2021"] == pytest.approx(40.5e8)
    assert read_bounds("shiyan") == []


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ('source = "CS-0160"', 'source = "CS-9999"', NotFound, "no row 'CS-9999'"),
        ("last_part = 0.33", "last_part = 3.3", InvalidFile, "bound > 0 > last_part"),
        ('payer = "city"', 'pays = "city"', InvalidFile, "bound > 0 > payer"),
    ],
)
def test_a_broken_file_of_bounds_is_refused(tmp_path, old, new, error, words):
    text = catalog.evidence("bounds.toml").read_text(encoding="utf-8")
    path = tmp_path / "bounds.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(error, match=words):
        read_bounds("dalian", path)


@pytest.mark.slow
def test_money_is_what_the_scenario_pays(small):
    mixes = {"none": [], "both": ["dalian-2021", "htz-2022"]}
    scenario = small.model_copy(update={"mixes": mixes, "end": "2023Q4"})
    bounds = [(bound(payer="zone"), 1e12), (bound(payer="zone", until="2022Q4"), 0.0), (bound(until="2021Q1"), 0.0)]
    found = {row.bound.until: row for row in spent(scenario, bounds, 1, threads=1)}
    results = run(scenario, threads=1)
    paid = results["paid"].sel(mix="both", payer="zone").sum(("clause", "draw", "replicate"))
    assert found["2023Q4"].median == pytest.approx(float(paid.sum()))
    assert found["2023Q4"].inside and found["2023Q4"].median > 0.0
    assert found["2022Q4"].median == pytest.approx(float(paid.sel(quarter=slice(None, "2022Q4")).sum()))
