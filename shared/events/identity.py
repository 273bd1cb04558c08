"""What identity publishes: the school, its people and how they are related.

Streams: `school-<id>`, `person-<id>` (adults; one person may be guardian and staff), `pupil-<id>`, `class-<id>`,
`guardianship-<pupil>` (the rule over the set of a child's adults), `account-<person>`, `login-<blind index>`,
`roster-<school>` (one import after another), `permission-<pupil>` (what may be shared of a child, as each of its adults
said), `sharinglist-<class>` (who of its staff knows what may be shared).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.events.declaration import Event, Personal, event, personal
from shared.privacy.categories import Category

SchoolId = NewType("SchoolId", UUID)
PersonId = NewType("PersonId", UUID)
PupilId = NewType("PupilId", UUID)
GuardianId = NewType("GuardianId", UUID)
StaffId = NewType("StaffId", UUID)
ClassId = NewType("ClassId", UUID)
ErasureId = NewType("ErasureId", UUID)


class YearGroup(StrEnum):
    """Nursery to Year 6 (S23)."""

    NURSERY = "N"
    RECEPTION = "R"
    YEAR_1 = "Y1"
    YEAR_2 = "Y2"
    YEAR_3 = "Y3"
    YEAR_4 = "Y4"
    YEAR_5 = "Y5"
    YEAR_6 = "Y6"


class Relationship(StrEnum):
    """How an adult is related to a child (S26)."""

    PARENT = "parent"
    CARER = "carer"
    LEGAL_GUARDIAN = "legal_guardian"
    RELATIVE = "relative"


class StaffRole(StrEnum):
    """What a member of staff is at the school as a whole; who teaches which class is StaffAssigned."""

    TEACHER = "teacher"
    SUPPORT_STAFF = "support_staff"
    OFFICE = "office"
    DEPUTY_HEADTEACHER = "deputy_headteacher"
    HEADTEACHER = "headteacher"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    GOVERNOR = "governor"


class ClassPost(StrEnum):
    """What a member of staff is to a class."""

    CLASS_TEACHER = "class_teacher"
    SUPPORT_STAFF = "support_staff"


class SharedKind(StrEnum):
    """What the school may share of a child: each needs a permission of its own (S63)."""

    PHOTO = "photo"
    RECORDING = "recording"
    MESSAGE = "message"
    WORK_SAMPLE = "work_sample"


class Avatar(StrEnum):
    """The pictures that a pupil chooses from (S30): drawn, none uploaded. A name may come and none may go."""

    BADGER = "badger"
    BEE = "bee"
    DOLPHIN = "dolphin"
    DRAGON = "dragon"
    FOX = "fox"
    HEDGEHOG = "hedgehog"
    OTTER = "otter"
    OWL = "owl"
    PENGUIN = "penguin"
    ROBOT = "robot"
    ROCKET = "rocket"
    TURTLE = "turtle"


@event("identity.SchoolRegistered", version=1)
class SchoolRegistered(Event):
    school_id: SchoolId
    slug: str  # what people type at sign-in; an institution's name is not personal
    name: str
    partition: int  # all the school's events of every service stand in it


@event("identity.SchoolParametersSet", version=1)
class SchoolParametersSet(Event):
    school_id: SchoolId
    parameters: Mapping[str, bool | int | str]  # all of them, as shared.policy.parameters names them
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLink:
    """An adult whom a roster relates to a child and whom the limit of S27 keeps out until someone approves."""

    pupil_id: PupilId
    guardian_id: GuardianId


@event("identity.RosterImported", version=1)
class RosterImported(Event):
    school_id: SchoolId
    import_id: UUID
    adults: int
    pupils: int
    classes: int
    refused_links: tuple[RefusedLink, ...]
    left_out: tuple[PersonId, ...]  # who is on the roster and was erased before


@event("identity.PersonRegistered", version=1)
class PersonRegistered(Event):
    person_id: PersonId
    given_name: Personal[str] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)
    family_name: Personal[str] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)
    email: Personal[str | None] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)


@event("identity.PersonRenamed", version=1)
class PersonRenamed(Event):
    person_id: PersonId
    given_name: Personal[str] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)
    family_name: Personal[str] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)
    email: Personal[str | None] = personal(subject="person_id", category=Category.ADULT_PARTICULARS)


@event("identity.RoleAppointed", version=1)
class RoleAppointed(Event):
    staff_id: StaffId
    role: StaffRole
    by_roster: bool  # else by appointment, which a roster does not end


@event("identity.RoleEnded", version=1)
class RoleEnded(Event):
    staff_id: StaffId
    role: StaffRole


@event("identity.PupilAdmitted", version=1)
class PupilAdmitted(Event):
    pupil_id: PupilId
    year_group: YearGroup
    given_name: Personal[str] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)
    family_name: Personal[str] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)
    birth_date: Personal[date | None] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)


@event("identity.PupilParticularsChanged", version=1)
class PupilParticularsChanged(Event):
    pupil_id: PupilId
    year_group: YearGroup
    given_name: Personal[str] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)
    family_name: Personal[str] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)
    birth_date: Personal[date | None] = personal(subject="pupil_id", category=Category.PUPIL_PARTICULARS)


@event("identity.PupilLeft", version=1)
class PupilLeft(Event):
    pupil_id: PupilId


@event("identity.AvatarChosen", version=1)
class AvatarChosen(Event):
    """The last one counts."""

    pupil_id: PupilId
    avatar: Avatar


@event("identity.ClassOpened", version=1)
class ClassOpened(Event):
    class_id: ClassId
    name: str
    year_group: YearGroup


@event("identity.ClassClosed", version=1)
class ClassClosed(Event):
    class_id: ClassId


@event("identity.PupilEnrolled", version=1)
class PupilEnrolled(Event):
    class_id: ClassId
    pupil_id: PupilId


@event("identity.PupilWithdrawn", version=1)
class PupilWithdrawn(Event):
    class_id: ClassId
    pupil_id: PupilId


@event("identity.StaffAssigned", version=1)
class StaffAssigned(Event):
    class_id: ClassId
    staff_id: StaffId
    post: ClassPost


@event("identity.StaffUnassigned", version=1)
class StaffUnassigned(Event):
    class_id: ClassId
    staff_id: StaffId


@event("identity.GuardianLinked", version=1)
class GuardianLinked(Event):
    pupil_id: PupilId
    guardian_id: GuardianId
    relationship: Relationship


@event("identity.GuardianUnlinked", version=1)
class GuardianUnlinked(Event):
    pupil_id: PupilId
    guardian_id: GuardianId


class Holder(StrEnum):
    """Whose an account is: an adult's (who may act as guardian and as staff) or a pupil's."""

    ADULT = "adult"
    PUPIL = "pupil"


@event("identity.AccountOpened", version=1)
class AccountOpened(Event):
    person_id: PersonId
    holder: Holder


@event("identity.AccountClosed", version=1)
class AccountClosed(Event):
    person_id: PersonId


@event("identity.LoginClaimed", version=1)
class LoginClaimed(Event):
    person_id: PersonId
    login_index: str  # a keyed hash of the login; the stream is named by it


@event("identity.LoginReleased", version=1)
class LoginReleased(Event):
    person_id: PersonId
    login_index: str


class ErasureReason(StrEnum):
    """Why a person's data is erased. No free text: it would be about the person who is to be forgotten."""

    ASKED_BY_PERSON = "asked_by_person"
    ASKED_BY_GUARDIAN = "asked_by_guardian"
    LEFT_SCHOOL = "left_school"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedErasure:
    """A category that a request does not erase, whether or not anything of it is held: S20 wants the exemption."""

    category: Category
    code: str
    exemption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedKeys:
    """How many keys of a category were destroyed that sealed texts of one service's log."""

    service: str
    category: Category
    keys: int


@event("identity.ErasureRequested", version=1)
class ErasureRequested(Event):
    """Stream `erasure-<person>`, as the decision and the proof."""

    erasure_id: ErasureId
    subject_id: PersonId
    requested_by: PersonId


@event("identity.ErasureDecided", version=1)
class ErasureDecided(Event):
    """From here on the person is no part of the school, and no roster brings them back."""

    erasure_id: ErasureId
    subject_id: PersonId
    subject_kind: Holder
    reason: ErasureReason
    requested_by: PersonId | None  # None where nobody asked in Bookbag
    decided_by: StaffId
    erased: tuple[Category, ...]
    refused: tuple[RefusedErasure, ...]


@event("identity.PersonalDataErased", version=1)
class PersonalDataErased(Event):
    """The keys are destroyed and the read models built anew; the certificate says the same."""

    erasure_id: ErasureId
    subject_id: PersonId
    keys: tuple[ErasedKeys, ...]
    backups_expire_on: date
    proof: str  # SHA-256 of the certificate's canonical bytes, in hex


@event("identity.SharePermissionAnswered", version=1)
class SharePermissionAnswered(Event):
    """What a guardian says of a child and a kind; their last answer counts while they are linked to the child."""

    pupil_id: PupilId
    guardian_id: GuardianId
    kind: SharedKind
    allowed: bool
    answered_by: PersonId  # who brought it here; it may come to be the office, with a form on paper


@event("identity.PermissionListAcknowledged", version=1)
class PermissionListAcknowledged(Event):
    """A member of staff knows what may be shared of a class's children, as it stood at a version of the list (S62)."""

    class_id: ClassId
    staff_id: StaffId
    list_version: int  # the position of the last event that changed the list
