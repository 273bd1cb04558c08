"""What can be done with schools and their people. One shape: guard, facts, load, decide, append."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from services.identity.domain import appointments, people, roster_import, school, sharing
from services.identity.domain import avatar as pictures
from services.identity.domain.appointments import Appoint, AppointedRole, EndAppointment, Staff
from services.identity.domain.avatar import ChooseAvatar, Chooser
from services.identity.domain.erasure import stream_of as erasure_stream
from services.identity.domain.people import People
from services.identity.domain.permission import (
    may_acknowledge_list,
    may_answer_sharing,
    may_choose_avatar,
    may_import_roster,
    may_lead,
    may_run_the_platform,
)
from services.identity.domain.roster_import import (
    ImportFacts,
    ImportRoster,
    PlannedAdult,
    PlannedClass,
    PlannedPupil,
)
from services.identity.domain.school import RegisterSchool, School, SetParameters, school_id_of
from services.identity.domain.sharing import CLASS_CHANGES, Acknowledged, AcknowledgeList, Answers, AnswerSharing
from services.identity.indexes import Indexes
from services.identity.oneroster import Roster
from services.identity.queries import IdentityQueries
from shared.events.envelope import Actor, Envelope
from shared.events.identity import (
    Avatar,
    ClassId,
    GuardianId,
    PersonId,
    PupilId,
    Relationship,
    SchoolId,
    SharedKind,
    StaffId,
)
from shared.log.append import Answer
from shared.log.commands import Asked, CommandHandler, Drafts, History, Request
from shared.log.own import at_own_place
from shared.policy.codes import NOT_FOUND
from shared.policy.parameters import Parameters
from shared.policy.principal import Capacity, Principal
from shared.policy.refusal import Refusal
from shared.privacy.keystore import Destroyed
from shared.runtime.clock import Clock


def school_stream(school_id: UUID) -> str:
    return f"school-{school_id}"


def guardianship_stream(pupil_id: UUID) -> str:
    return f"guardianship-{pupil_id}"


def permission_stream(pupil_id: UUID) -> str:
    return f"permission-{pupil_id}"


@dataclass(frozen=True, slots=True)
class IdentityCommands:
    """Attributes: partition_for_new: where a school that is registered now is put, and stays."""

    handler: CommandHandler
    queries: IdentityQueries
    indexes: Indexes
    clock: Clock
    new_id: Callable[[], UUID]
    partition_for_new: Callable[[], int]

    def register_school(self, asked: Asked, *, slug: str, name: str) -> Answer:
        may_run_the_platform(asked.by)
        school_id = school_id_of(slug)
        partition = self.partition_for_new()
        command = RegisterSchool(slug=slug.casefold(), name=name, partition=partition)

        def decide(history: History) -> Drafts:
            state = history.fold(school_stream(school_id), School(), school.evolve)
            return [(school_stream(school_id), event) for event in school.decide(command, state)]

        def registered() -> Answer:
            request = self._request(asked, school_id, partition)
            return self.handler.handle(request, decide, location=f"/v1/schools/{school_id}")

        try:
            return registered()
        except UniqueViolation:
            # Two who register one school at once may each hold another partition's lock. One stream has one first
            # event in all of them: now that the other's stands, it is known, or this is its twin and gets its answer.
            return registered()

    def set_parameters(self, asked: Asked, *, parameters: Parameters, reason: str) -> Answer:
        may_lead(asked.by)
        school_id = SchoolId(asked.school_id)
        command = SetParameters(school_id=school_id, parameters=parameters, reason=reason)

        def decide(history: History) -> Drafts:
            state = history.fold(school_stream(school_id), School(), school.evolve)
            return [(school_stream(school_id), event) for event in school.decide(command, state)]

        return self._handle(asked, school_id, decide, f"/v1/schools/{school_id}/parameters", status=200)

    def import_roster(self, asked: Asked, *, school_id: UUID, roster: Roster) -> Answer:
        _own_school_or_operator(asked.by, school_id, may_import_roster)
        import_id = self.new_id()
        command = self._plan(SchoolId(school_id), import_id, roster)

        def decide(history: History) -> Drafts:
            parameters = history.fold(school_stream(school_id), School(), school.evolve).in_force
            history.fold(f"roster-{school_id}", None, lambda state, _event: state)
            adults, pupils = self.queries.particulars(school_id)
            facts = ImportFacts(adults=adults, pupils=pupils, max_parents=parameters.max_parents)
            state = history.fold_school(people.CATEGORIES, People(), people.evolve)
            drafts = roster_import.decide(command, state, facts)
            # An erasure that is decided meanwhile must be seen, or the roster would bring the person back.
            history.versions.update(_no_erasure_of(command, history.versions))
            return drafts

        def imported() -> Answer:
            return self._handle(asked, school_id, decide, f"/v1/roster-imports/{import_id}")

        try:
            return imported()
        except Destroyed:  # someone was erased while this was decided: now that is known, and they are left out
            return imported()

    def appoint(self, asked: Asked, *, school_id: UUID, login: str, role: AppointedRole) -> Answer:
        _own_school_or_operator(asked.by, school_id, may_lead)
        staff_id = self._by_login(school_id, login)
        return self._change_staff(asked, school_id, Appoint(staff_id=staff_id, role=role))

    def end_appointment(self, asked: Asked, *, school_id: UUID, staff_id: UUID, role: AppointedRole) -> Answer:
        _own_school_or_operator(asked.by, school_id, may_lead)
        return self._change_staff(asked, school_id, EndAppointment(staff_id=StaffId(staff_id), role=role))

    def answer_sharing(self, asked: Asked, *, pupil_id: UUID, kind: SharedKind, allowed: bool) -> Answer:
        """What a guardian says of their child; the answer is read where the child's answers are."""
        may_answer_sharing(asked.by, pupil_id)
        pupil, guardian = PupilId(pupil_id), GuardianId(asked.by.person_id)
        command = AnswerSharing(pupil_id=pupil, guardian_id=guardian, kind=kind, allowed=allowed)
        stream = permission_stream(pupil)

        def decide(history: History) -> Drafts:
            adults = history.fold(guardianship_stream(pupil), People(), people.evolve).guardians.get(pupil, {})
            none: Answers = {}
            state = history.fold(stream, none, sharing.answered)
            return [(stream, event) for event in sharing.answer(command, state, linked=guardian in adults)]

        answer = self._handle(asked, asked.school_id, decide, f"/v1/pupils/{pupil_id}/sharing-permissions")

        def is_own(one: Envelope) -> bool:
            return one.data.get("guardian_id") == str(guardian)

        # The child's other adults answer into the same stream, and may be estranged.
        return at_own_place(answer, self.handler, asked.school_id, stream, is_own)

    def choose_avatar(self, asked: Asked, *, avatar: Avatar) -> Answer:
        """A pupil's own picture, as `/v1/me` shows it."""
        may_choose_avatar(asked.by)
        stream = f"pupil-{asked.by.person_id}"
        command = ChooseAvatar(pupil_id=PupilId(asked.by.person_id), avatar=avatar)

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Chooser(), pictures.evolve)
            return [(stream, event) for event in pictures.decide(command, state)]

        return self._handle(asked, asked.school_id, decide, "/v1/me", status=200)

    def acknowledge_list(self, asked: Asked, *, class_id: UUID, list_version: int) -> Answer:
        """The list is compared with the streams it follows from, so that an answer that comes meanwhile counts."""
        may_acknowledge_list(asked.by, class_id)
        command = AcknowledgeList(
            class_id=ClassId(class_id), staff_id=StaffId(asked.by.person_id), list_version=list_version
        )
        stream = f"sharinglist-{class_id}"

        def decide(history: History) -> Drafts:
            current = _list_version(history, ClassId(class_id))
            none: Acknowledged = {}
            state = history.fold(stream, none, sharing.acknowledged)
            return [(stream, event) for event in sharing.acknowledge(command, state, current=current)]

        return self._handle(asked, asked.school_id, decide, f"/v1/classes/{class_id}/sharing-permissions")

    def _change_staff(self, asked: Asked, school_id: UUID, command: Appoint | EndAppointment) -> Answer:
        stream = f"person-{command.staff_id}"

        def decide(history: History) -> Drafts:
            state = history.fold(stream, Staff(), appointments.evolve)
            return [(stream, event) for event in appointments.decide(command, state)]

        return self._handle(asked, school_id, decide, f"/v1/staff/{command.staff_id}")

    def _by_login(self, school_id: UUID, login: str) -> StaffId:
        index = self.indexes.login(school_id, login)
        history = self.handler.history(school_id)
        owner = history.fold(f"login-{index}", People(), people.evolve).logins.get(index)
        if owner is None:
            raise Refusal(NOT_FOUND)
        return StaffId(owner)

    def _handle(
        self,
        asked: Asked,
        school_id: UUID,
        decide: Callable[[History], Drafts],
        location: str,
        *,
        status: int = 201,
    ) -> Answer:
        partition = self.handler.history(school_id).fold(school_stream(school_id), School(), school.evolve).partition
        if not partition:
            raise Refusal(NOT_FOUND)
        return self.handler.handle(self._request(asked, school_id, partition), decide, status=status, location=location)

    def _request(self, asked: Asked, school_id: UUID, partition: int) -> Request:
        """As `Asked.request`, for a school that an operator names."""
        return Request(
            school_id=school_id,
            partition=partition,
            actor=Actor(kind=asked.by.capacity, id=str(asked.by.person_id)),
            occurred_at=self.clock.now(),
            correlation_id=asked.correlation_id,
            claim=asked.claim,
        )

    def _plan(self, school_id: SchoolId, import_id: UUID, roster: Roster) -> ImportRoster:
        """The roster with our ids in the place of its own."""

        def person(sourced_id: str) -> UUID:
            return self.indexes.roster_id(school_id, "person", sourced_id)

        def login(text: str | None) -> str | None:
            return None if text is None else self.indexes.login(school_id, text)

        guardians: dict[PupilId, dict[GuardianId, Relationship]] = {}
        for link in roster.guardianships:
            adults = guardians.setdefault(PupilId(person(link.pupil)), {})
            adults[GuardianId(person(link.guardian))] = link.relationship
        return ImportRoster(
            import_id=import_id,
            school_id=school_id,
            adults=[
                PlannedAdult(
                    person_id=PersonId(person(adult.sourced_id)),
                    given_name=adult.given_name,
                    family_name=adult.family_name,
                    email=adult.email,
                    login_index=login(adult.email),
                    roles=adult.roles,
                )
                for adult in roster.people
            ],
            pupils=[
                PlannedPupil(
                    pupil_id=PupilId(person(pupil.sourced_id)),
                    given_name=pupil.given_name,
                    family_name=pupil.family_name,
                    birth_date=pupil.birth_date,
                    year_group=pupil.year_group,
                    login_index=login(pupil.username),
                )
                for pupil in roster.pupils
            ],
            classes=[
                PlannedClass(
                    class_id=ClassId(self.indexes.roster_id(school_id, "class", found.sourced_id)),
                    name=found.title,
                    year_group=found.year_group,
                    pupils=frozenset(PupilId(person(sourced_id)) for sourced_id in found.pupils),
                    staff={StaffId(person(post.sourced_id)): post.post for post in found.staff},
                )
                for found in roster.classes
            ],
            guardians=guardians,
        )


def _no_erasure_of(command: ImportRoster, known: Mapping[str, int]) -> dict[str, int]:
    """That nobody on the roster has an erasure, but for those which were read: streams and versions."""
    told = [*(adult.person_id for adult in command.adults), *(pupil.pupil_id for pupil in command.pupils)]
    return {stream: 0 for stream in map(erasure_stream, told) if stream not in known}


def _own_school_or_operator(by: Principal, school_id: UUID, guard: Callable[[Principal], Any]) -> None:
    """An operator acts for any school and sees nothing of it; everyone else for their own, if the guard lets them."""
    if by.capacity is Capacity.OPERATOR:
        return
    if by.school_id != school_id:
        raise Refusal(NOT_FOUND)
    guard(by)


def _list_version(history: History, class_id: ClassId) -> int:
    """The position of the last event that changed a class's list. Every roster comes to the same number."""
    stream = f"class-{class_id}"
    found = history.fold(stream, People(), people.evolve).classes.get(class_id)
    if found is None:
        raise Refusal(NOT_FOUND)
    changes = [one for one in history.recorded(stream) if one.type in CLASS_CHANGES]
    for pupil_id in sorted(found.pupils):
        changes += history.recorded(guardianship_stream(pupil_id))
        changes += history.recorded(permission_stream(pupil_id))
    return max((one.position for one in changes), default=0)
