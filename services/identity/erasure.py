"""Whom identity's personal texts concern: a person's particulars are their own."""

from shared.events.identity import PersonRegistered, PersonRenamed, PupilAdmitted, PupilParticularsChanged
from shared.privacy.erasure import Concerns

CONCERNS: Concerns = {
    PersonRegistered: ("person_id",),
    PersonRenamed: ("person_id",),
    PupilAdmitted: ("pupil_id",),
    PupilParticularsChanged: ("pupil_id",),
}
