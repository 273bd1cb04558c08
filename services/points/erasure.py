"""Whom the personal texts of points concern: what a teacher notes of an award is about the pupil."""

from shared.events.points import PointAwarded, PointRevoked
from shared.privacy.erasure import Concerns

CONCERNS: Concerns = {PointAwarded: ("pupil_id",), PointRevoked: ("pupil_id",)}
