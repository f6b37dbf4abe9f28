"""Every fact that the calculator may ask for has its words and its unit in both languages."""

import pytest

from policymix.app.choices import WITHOUT_UNIT
from policymix.app.fact_words import UNITS_ZH, WORDS_ZH, unit_in, word_in
from policymix.policy.claim import KINDS, facts_of

FACTS = [fact for kind in KINDS for fact in facts_of(kind.name)]


def test_no_word_is_missing_and_none_is_left_over():
    assert set(WORDS_ZH) == {word for fact in FACTS for word in fact.words}
    assert all(word_in(word, "zh") == said and said.strip() for word, said in WORDS_ZH.items())


def test_every_unit_that_is_shown_has_its_chinese():
    shown = {fact.unit for fact in FACTS if fact.type not in WITHOUT_UNIT}
    assert shown <= set(UNITS_ZH)


@pytest.mark.parametrize(("word", "said"), [("new_registration", "new registration"), ("county", "county")])
def test_english_is_the_word_itself(word, said):
    assert (word_in(word, "en"), unit_in("m2", "en")) == (said, "m2")
