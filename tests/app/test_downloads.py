"""What is taken along can be brought back."""

import threading

import pytest

from policymix.app.downloads import package_toml, report_html, results_netcdf
from policymix.app.state import Versions, pinned, with_change
from policymix.app.study import answers, changed, question_of
from policymix.app.uploads import uploaded_package
from policymix.policy.package import load
from policymix.policy.versions import digest

DERIVED = b"""
extends = "htz-2022"
id = "mine"
drop = ["m8"]
[change]
"m4.pays.area_max" = 900
[[stack]]
rule = "highest_only"
clauses = ["m1", "m5"]
same = ["firm"]
why = "a test"
"""


@pytest.mark.parametrize("name", ["htz-2022", "dalian-2021", "qingdao-2023", "shiyan-2022"])
def test_a_changed_package_comes_back(name):
    package = load(name)
    off = f"{name}/{package.clause[0].id}"
    mine = changed(package, Versions({f"{name}/budget.amount.value": 7e7}, frozenset([off])), name, [name])
    assert digest(uploaded_package("x.toml", package_toml(mine))) == digest(mine)


@pytest.mark.parametrize("name", ["htz-2022", "dalian-2021", "qingdao-2023", "shiyan-2022"])
def test_a_package_comes_back_without_any_of_its_clauses(name):
    package = load(name)
    for clause in package.clause:
        mine = changed(package, Versions({}, frozenset([f"{name}/{clause.id}"])), name, [name])
        back = uploaded_package("x.toml", package_toml(mine))
        assert (back.head, back.clause) == (mine.head, mine.clause), clause.id


def test_a_derived_package_comes_back_as_derived():
    package = uploaded_package("mine.toml", DERIVED)
    back = uploaded_package("mine.toml", package_toml(package))
    assert back.lineage == package.lineage
    assert back.clause == package.clause
    assert back.head == package.head


@pytest.mark.slow
def test_results_and_report(small_state, tmp_path):
    import policymix

    state = with_change(pinned(small_state, "both"), "htz-2022/m4.pays.area_max", 500.0)
    question = question_of(state, {}, 2)
    results = list(answers(question, threading.Event(), first_draws=1))[-1].results
    (tmp_path / "results.nc").write_bytes(results_netcdf(results))
    assert policymix.open_results(tmp_path / "results.nc").identical(results)
    text = report_html(question, results, "set=a/b.c=1", "zh").decode()
    assert "pinned" in text
    assert "policymix serve  # /?set=a/b.c=1" in text
    place = f"{question.scenario.id}.nc"
    assert f"policymix figure {place} " in text and f"{place}/" not in text
    assert "policymix replay" not in text
