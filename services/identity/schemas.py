"""The wire forms of identity: what is sent and what is shown."""

from marshmallow import validate

from services.identity.domain.appointments import AppointedRole
from services.identity.passwords import MOST
from shared.events.identity import Avatar, ClassPost, ErasureReason, Relationship, SharedKind, StaffRole, YearGroup
from shared.http.problems import Calm
from shared.http.schemas import DateField, EnumField, Flag, Id, ListOf, Part, Schema, StrictInt, Text, When
from shared.policy.parameters import MOST_AUTHOR, MOST_LINK, MOST_VERSION
from shared.policy.principal import AccessState, Capacity, Role
from shared.policy.versions import Review
from shared.privacy.categories import Category

SLUG = validate.Regexp(r"[a-z0-9]+(-[a-z0-9]+)*\Z", error=Calm("Please use small letters, digits and single dashes."))


class SignIn(Schema):
    """Of a person: school, login, and a password or a one-time code. Of an operator: operator and password."""

    school = Text(1, 80)
    login = Text(1, 254)
    password = Text(1, MOST)
    code = Text(1, 64)
    capacity = EnumField(Capacity)
    operator = Text(1, 80)


class SignedIn(Schema):
    token = Text(required=True)
    expires_at = When(required=True)
    session_id = Id(required=True)
    person_id = Id(required=True)
    school_id = Id(required=True, allow_none=True)
    capacity = EnumField(Capacity, required=True)


class NewPassword(Schema):
    current = Text(1, MOST, load_default=None)
    new = Text(1, MOST, required=True)


class CodeRequest(Schema):
    school = Text(1, 80, required=True)
    login = Text(1, 254, required=True)


class IssuedCode(Schema):
    code = Text(required=True)
    expires_at = When(required=True)


class ClockTime(Schema):
    """What time it is by the school's clock."""

    now = When(required=True)


class NewSchool(Schema):
    slug = Text(2, 60, required=True, validate=SLUG)
    name = Text(1, 120, required=True)


class ParametersForm(Schema):
    policy_author = Text(0, MOST_AUTHOR)
    help_link = Text(0, MOST_LINK)
    max_parents = StrictInt(1, 10)
    positive_points_only = Flag()
    max_points_per_award = StrictInt(1, 100)
    flag_warns_by_itself = Flag()
    reply_clock = Text(1, 40)
    closure_days = Text(0, 4000)
    office_phone = Text(0, 40)
    office_email = Text(0, 254)
    remote_learning_policy_link = Text(0, MOST_LINK)
    remote_learning_policy_version = Text(0, MOST_VERSION)
    internet_use_policy_link = Text(0, MOST_LINK)
    internet_use_policy_version = Text(0, MOST_VERSION)
    staff_conduct_policy_link = Text(0, MOST_LINK)
    staff_conduct_policy_version = Text(0, MOST_VERSION)


class NewParameters(Schema):
    parameters = Part(ParametersForm, required=True)
    reason = Text(1, 280, required=True)


class ShownParameters(Schema):
    parameters = Part(ParametersForm, required=True)


class NewAvatar(Schema):
    avatar = EnumField(Avatar, required=True)


class Appointment(Schema):
    login = Text(1, 254, required=True)
    role = EnumField(AppointedRole, required=True)


class Named(Schema):
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)


class ClassShown(Schema):
    class_id = Id(required=True)
    name = Text(required=True)
    year_group = EnumField(YearGroup, required=True)


class Child(Schema):
    pupil_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    year_group = EnumField(YearGroup, required=True)


class Me(Schema):
    """`avatar` is a pupil's own. `help_link` is the school's page about this software; None where it has named none.

    `policy_review` tells leaders and governors that the policy's review is due or overdue; None to others.
    """

    person_id = Id(required=True)
    capacity = EnumField(Capacity, required=True)
    access = EnumField(AccessState, required=True)
    school_id = Id(required=True, allow_none=True)
    school = Text(required=True, allow_none=True)
    help_link = Text(most=MOST_LINK, required=True, allow_none=True)
    given_name = Text(required=True, allow_none=True)
    family_name = Text(required=True, allow_none=True)
    avatar = EnumField(Avatar, required=True, allow_none=True)
    policy_review = EnumField(Review, required=True, allow_none=True)
    roles = ListOf(EnumField(Role), required=True)
    classes = ListOf(Part(ClassShown), required=True)
    children = ListOf(Part(Child), required=True)


class HeldChild(Schema):
    pupil_id = Id(required=True)
    given_name = Text(required=True, allow_none=True)
    relationship = EnumField(Relationship, required=True)


class HeldPost(Schema):
    """`post` is None for a pupil's own class."""

    class_id = Id(required=True)
    name = Text(required=True)
    post = EnumField(ClassPost, required=True, allow_none=True)


class HeldSession(Schema):
    session_id = Id(required=True)
    capacity = EnumField(Capacity, required=True)
    issued_at = When(required=True)
    expires_at = When(required=True)
    ended_at = When(required=True, allow_none=True)


class HeldByIdentity(Named):
    """`access` is that of the session that asks. An adult has an e-mail address, a pupil a birth date and a year.

    A pupil may have an avatar.
    """

    person_id = Id(required=True)
    access = EnumField(AccessState, required=True)
    email = Text(required=True, allow_none=True)
    birth_date = DateField(required=True, allow_none=True)
    year_group = EnumField(YearGroup, required=True, allow_none=True)
    avatar = EnumField(Avatar, required=True, allow_none=True)
    roles = ListOf(EnumField(StaffRole), required=True)
    posts = ListOf(Part(HeldPost), required=True)
    children = ListOf(Part(HeldChild), required=True)
    roster_imported_at = ListOf(When(), required=True)
    password_set_at = When(required=True, allow_none=True)
    sessions = ListOf(Part(HeldSession), required=True)


class Classes(Schema):
    items = ListOf(Part(ClassShown), required=True)


class PupilInClass(Named):
    pupil_id = Id(required=True)


class StaffInClass(Named):
    staff_id = Id(required=True)
    post = EnumField(ClassPost, required=True)


class PupilOfClass(PupilInClass):
    """`avatar` is None while the pupil has chosen none."""

    avatar = EnumField(Avatar, required=True, allow_none=True)


class ClassWithPeople(ClassShown):
    pupils = ListOf(Part(PupilOfClass), required=True)
    staff = ListOf(Part(StaffInClass), required=True)


class PupilShown(Named):
    pupil_id = Id(required=True)
    year_group = EnumField(YearGroup, required=True)


class GuardianShown(Named):
    guardian_id = Id(required=True)
    relationship = EnumField(Relationship, required=True)


class Guardians(Schema):
    items = ListOf(Part(GuardianShown), required=True)


class StaffShown(Named):
    staff_id = Id(required=True)
    roles = ListOf(EnumField(StaffRole), required=True)


class StaffList(Schema):
    items = ListOf(Part(StaffShown), required=True)


class ErasureRequest(Schema):
    subject_id = Id(required=True)


class NewErasure(Schema):
    subject_id = Id(required=True)
    reason = EnumField(ErasureReason, required=True)


class KeptShown(Schema):
    """What a request does not erase, whether or not anything of it is held: the exemption in law, and plain words."""

    category = EnumField(Category, required=True)
    code = Text(required=True)
    exemption = Text(required=True)
    detail = Text(required=True)


class AskedShown(Schema):
    person_id = Id(required=True)
    requested_at = When(required=True)


class ErasureShown(Schema):
    """Whoever asked reads their own request in it and no other's: `requests` holds the others' for the office alone."""

    erasure_id = Id(required=True)
    subject_id = Id(required=True)
    requests = ListOf(Part(AskedShown), required=True)
    requested_at = When(required=True, allow_none=True)
    decided_at = When(required=True, allow_none=True)
    carried_out_at = When(required=True, allow_none=True)
    backups_expire_on = DateField(required=True, allow_none=True)
    erased = ListOf(EnumField(Category), required=True)
    kept = ListOf(Part(KeptShown), required=True)


class Erasures(Schema):
    items = ListOf(Part(ErasureShown), required=True)


class RefusedLinkShown(Schema):
    pupil_id = Id(required=True)
    guardian_id = Id(required=True)
    code = Text(required=True)
    clause = Text(required=True)


class LeftOutShown(Schema):
    person_id = Id(required=True)
    code = Text(required=True)
    clause = Text(required=True)


class RosterReceipt(Schema):
    import_id = Id(required=True)
    imported_at = When(required=True)
    adults = StrictInt(required=True)
    pupils = StrictInt(required=True)
    classes = StrictInt(required=True)
    refused_links = ListOf(Part(RefusedLinkShown), required=True)
    left_out = ListOf(Part(LeftOutShown), required=True)


class SharingAnswer(Schema):
    kind = EnumField(SharedKind, required=True)
    allowed = Flag(required=True)


class OwnAnswer(Schema):
    """`allowed` is None for a kind that was not answered yet, which is as good as a no."""

    kind = EnumField(SharedKind, required=True)
    allowed = Flag(required=True, allow_none=True)


class OwnAnswers(Schema):
    items = ListOf(Part(OwnAnswer), required=True)


class SharingPupilShown(PupilInClass):
    """The kinds that may be shared of the child."""

    allowed = ListOf(EnumField(SharedKind), required=True)


class SharingListShown(Schema):
    """`acknowledged` tells whether the reader knows the list as it stands here."""

    class_id = Id(required=True)
    list_version = StrictInt(required=True)
    acknowledged = Flag(required=True)
    pupils = ListOf(Part(SharingPupilShown), required=True)


class ListAcknowledgement(Schema):
    list_version = StrictInt(0, required=True)
