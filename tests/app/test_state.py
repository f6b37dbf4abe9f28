"""The page's address: what it restores, and what it refuses in one sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policymix.app import state
from policymix.app.levers import sliders_of
from policymix.app.state import first_state, pinned, query_of, state_of, with_change, with_clause, with_mixes
from policymix.errors import InvalidValue, NotFound
from policymix.policy.package import load

HTZ = load("htz-2022")
SLIDERS = [each for clause in (None, *HTZ.clause) for each in sliders_of(HTZ, clause)]


def test_the_first_state_has_no_query():
    assert query_of(first_state()) == ""
    assert state_of("") == first_state()


def test_a_state_is_read_back_as_it_was():
    chosen = with_mixes(first_state(lang="zh"), "none,htz-2022,all=dalian-2021+htz-2022+qingdao-2023")
    chosen = pinned(with_change(chosen, "htz-2022/m4.pays.area_max", 500.0), "all")
    chosen = with_clause(with_change(chosen, "htz-2022/s3.pays.amount", 400_000.0), "htz-2022/m1", False)
    query = query_of(chosen)
    assert query == (
        "mix=none,htz-2022,all=dalian-2021+htz-2022+qingdao-2023&set=htz-2022/m4.pays.area_max=500"
        "&set=htz-2022/s3.pays.amount=400000&off=htz-2022/m1&pin=all&pin-set=htz-2022/m4.pays.area_max=500&lang=zh"
    )
    assert state_of(query) == chosen
    assert state_of(query.replace("+", "%2B").replace("/", "%2F").replace(",", "%2C")) == chosen  # as browsers write it


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_moved_sliders_come_back(data):
    chosen = first_state()
    for slider in data.draw(st.lists(st.sampled_from(SLIDERS), max_size=6)):
        chosen = with_change(chosen, slider.address, data.draw(st.floats(slider.low, slider.high)))
        chosen = with_clause(chosen, slider.address.split(".")[0], data.draw(st.booleans()))
    back = state_of(query_of(chosen))
    assert back.versions.off == chosen.versions.off
    assert back.versions.changes == pytest.approx(chosen.versions.changes, rel=1e-11)


def test_switching_back_leaves_nothing():
    chosen = with_clause(with_change(first_state(), "htz-2022/s3.pays.amount", 1.0), "htz-2022/m1", False)
    assert with_clause(with_change(chosen, "htz-2022/s3.pays.amount", None), "htz-2022/m1", True) == first_state()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("scenario=dalain-2025", "no scenario 'dalain-2025'"),
        ("scenario=/etc/passwd.toml", "no scenario '/etc/passwd.toml'"),
        ("mix=none,htz-2023", "no package 'htz-2023'"),
        ("mix=../../secret/p", "no package '../../secret/p'"),
        ("mix=none,mine.toml", "its file: upload it"),
        ("mix=none,a=b=", "mixes such as"),
        ("lang=fr", "no language 'fr'"),
        ("mixes=none", "no key 'mixes'"),
        ("set=htz-2022/m4", "ADDRESS=VALUE"),
        ("set=run.draws=100000", "no address 'run.draws'"),
        ("mix=none,pinned=htz-2022&pin=pinned", "a mix named pinned"),
        ("pin=neither", "no mix 'neither'"),
        ("mix=none," + ",".join(f"m{n}=htz-2022" for n in range(9)), "at most 6"),
        ("set=" + "x" * 9000, "at most 8,000"),
    ],
)
def test_unknown_names_are_one_sentence(query, words):
    with pytest.raises((NotFound, InvalidValue), match=words.replace("(", r"\(")) as caught:
        state_of(query)
    assert "\n" not in str(caught.value)


def test_an_uploaded_package_is_known_while_it_is_there():
    chosen = state_of("mix=none,mine.toml", uploaded=["mine.toml"])
    assert chosen.mixes["mine"] == ("mine.toml",)
    assert state.query_of(chosen) == "mix=none,mine.toml"
