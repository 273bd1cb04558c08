"""Who names a decision of moderation's waits for it; nobody else does, and nobody waits for another log here."""

import pytest

from services.identity.awaited import Awaited
from shared.http.position import LogPosition, Waiter
from shared.policy.refusal import Refusal


class Model:
    """Attributes: comes_to: where it stands after each look; asked: what was asked of it."""

    def __init__(self, *comes_to: int) -> None:
        self.comes_to = list(comes_to)
        self.asked: list[str] = []
        self.waited = 0.0

    def reached(self, position: LogPosition) -> bool:
        self.asked.append(str(position))
        at = self.comes_to.pop(0) if len(self.comes_to) > 1 else self.comes_to[0]
        return position.position <= at

    def pause(self, seconds: float) -> None:
        self.waited += seconds

    def awaited(self) -> Awaited:
        return Awaited(self.reached, Waiter(1, monotonic=lambda: self.waited, pause=self.pause))


@pytest.mark.parametrize("header", [None, "points.1.7", "identity.1.9, messaging.1.3"])
def test_without_a_position_of_moderation_s_nothing_is_waited_for(header: str | None):
    model = Model(0)
    assert not model.awaited().decision(header)
    assert model.asked == []


def test_the_decision_is_waited_for():
    model = Model(3, 3, 5)
    assert model.awaited().decision("points.1.9, moderation.1.5")
    assert model.asked == ["moderation.1.5"] * 3


def test_a_decision_that_does_not_come_is_said_to_be_not_visible_yet():
    model = Model(3)
    with pytest.raises(Refusal) as caught:
        model.awaited().decision("moderation.1.5")
    assert caught.value.code.name == "NOT_YET_VISIBLE"
    assert model.waited == pytest.approx(2.0)


def test_the_gateway_s_question_is_answered_all_the_same():
    assert Model(3).awaited().decision_if_possible("moderation.1.5")
    assert Model(5).awaited().decision_if_possible("moderation.1.5")
    assert not Model(5).awaited().decision_if_possible("no position")
    with pytest.raises(Refusal):
        Model(5).awaited().decision("no position")
