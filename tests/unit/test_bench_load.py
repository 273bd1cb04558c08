"""When all is as it was before a burst: what `make load` calls normal."""

from collections import Counter
from collections.abc import Mapping

import pytest

from bench.load import Heard, _normal_after, _slow_windows

USUAL = 40.0
SECONDS, EACH = 60, 50


def heard(*, slow: Mapping[int, float] | None = None, away: Mapping[int, int] | None = None) -> Heard:
    """A minute of fifty commands a second; in some seconds they take longer, or some are sent away."""
    made = Heard()
    for second in range(SECONDS):
        gone, took = (away or {}).get(second, 0), (slow or {}).get(second, USUAL)
        made.seconds[second] = +Counter({201: EACH - gone, 503: gone})
        made.slow[second] = [took] * (EACH - gone)
        made.took.extend(made.slow[second])
    return made


def test_what_is_as_before_is_normal_at_once():
    assert _normal_after(heard(), heard()) == 0
    assert _slow_windows(heard(), heard()) == []


@pytest.mark.parametrize("after", [heard(away={7: 1}), heard(slow={5: 500, 6: 500, 7: 500})])
def test_it_is_normal_once_the_last_was_sent_away_and_the_slow_ones_are_over(after: Heard):
    found = _normal_after(heard(), after)
    assert found == 8
    assert _slow_windows(heard(), after) == [0]


def test_as_great_a_part_may_be_sent_away_as_before_and_no_greater():
    before = heard(away={3: 5})
    assert _normal_after(before, heard(away={50: 4})) == 0
    assert _normal_after(before, heard(away={50: 6})) == 51
    assert _slow_windows(before, heard(away={50: 4})) == [50]


def test_what_never_comes_back_is_never_normal():
    assert _normal_after(heard(), heard(slow=dict.fromkeys(range(SECONDS), 500.0))) is None
    assert _normal_after(heard(), heard(away={SECONDS - 1: EACH})) is None


def test_twice_the_usual_time_is_normal_and_more_is_not():
    assert _normal_after(heard(), heard(slow=dict.fromkeys(range(SECONDS), USUAL + 50))) == 0
    assert _normal_after(heard(), heard(slow=dict.fromkeys(range(SECONDS), USUAL + 51))) is None
    slow = heard(slow=dict.fromkeys(range(SECONDS), 200.0))
    assert _normal_after(slow, heard(slow=dict.fromkeys(range(SECONDS), 400.0))) == 0
    assert _normal_after(slow, heard(slow=dict.fromkeys(range(SECONDS), 401.0))) is None
