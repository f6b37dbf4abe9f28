"""What things are called, in English and Chinese."""

import re

import pytest

from policymix import catalog
from policymix.policy.target import load_targets
from policymix.report import names

REASONS = sorted(
    {target.untracked for name in catalog.available("targets") for target in load_targets(name) if target.untracked}
)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_not_to_track_a_target_has_chinese(reason):
    chinese = names.note_zh(f"untracked: {reason}")
    assert re.search("[一-龥]", chinese) and not re.search("[a-z]{3,}", chinese)


def test_notes_keep_their_numbers():
    note = "measured from 2021, the first year of the run, not from 2020; current prices"
    assert names.note_zh(note) == "自运行首年 2021 年起计,而非 2020 年;现价"
    assert names.note_zh("2030 lies outside the horizon") == "2030 在模拟期外"
    assert names.note_zh("a note of the user's own") == "a note of the user's own"


def test_a_run_s_names_come_from_its_files(run):
    known = names.names_of(run)
    assert known["zone"] == ("Dalian High-tech Zone", "大连高新区")
    assert known["software"][1] == "软件和信息技术服务业"
    assert known["dalian-2021"][0] == "Dalian ten measures, 2021"
    with names.naming(known):
        assert names.clause_name("dalian-2021/5a") == (
            "dalian-2021/5a Enterprise R&D",
            "dalian-2021/5a 企业研发投入补助",
        )
        assert names.clause_name("mine/1") == ("mine/1", "mine/1")
        assert names.name_of("electronics")[1] == "数字产品制造业"
    assert names.name_of("electronics") == ("electronics", "electronics")
    assert names.name_of("gazelle")[1] == "瞪羚企业"


def test_packages_that_are_gone_are_called_by_their_ids(run):
    gone = run.assign_attrs(region="atlantis", mixes='{"none": [], "mine": ["gone-2099"]}')
    assert "gone-2099" not in names.names_of(gone)
