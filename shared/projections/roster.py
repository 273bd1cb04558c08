"""The roster that each service installs, as identity published it: the school, its people, and what may be shared.

It holds names in plain text for display; what a rule needs of them is handed to `decide` as facts.
"""

import orjson

from shared.events.declaration import Personal
from shared.events.envelope import Envelope
from shared.events.identity import (
    ClassClosed,
    ClassId,
    ClassOpened,
    GuardianLinked,
    GuardianUnlinked,
    PermissionListAcknowledged,
    PersonRegistered,
    PersonRenamed,
    PupilAdmitted,
    PupilEnrolled,
    PupilId,
    PupilLeft,
    PupilParticularsChanged,
    PupilWithdrawn,
    RoleAppointed,
    RoleEnded,
    SchoolParametersSet,
    SchoolRegistered,
    SharedKind,
    SharePermissionAnswered,
    StaffAssigned,
    StaffUnassigned,
)
from shared.projections.declaration import Projection, Table, Tx

roster = Projection(
    name="roster",
    version=2,
    source="identity",
    tables=(
        Table("roster_school", {"name": "text NOT NULL", "partition": "integer NOT NULL", "parameters": "jsonb"}, ()),
        Table("roster_person", {"person_id": "uuid", "given_name": "text", "family_name": "text"}, ("person_id",)),
        Table("roster_role", {"staff_id": "uuid", "role": "text"}, ("staff_id", "role")),
        Table(
            "roster_pupil",
            {
                "pupil_id": "uuid",
                "given_name": "text",
                "family_name": "text",
                "year_group": "text NOT NULL",
                "on_roll": "boolean NOT NULL",
            },
            ("pupil_id",),
        ),
        Table(
            "roster_class", {"class_id": "uuid", "name": "text", "year_group": "text", "open": "boolean"}, ("class_id",)
        ),
        Table("roster_enrolment", {"pupil_id": "uuid", "class_id": "uuid"}, ("pupil_id", "class_id"), (("class_id",),)),
        Table(
            "roster_class_staff",
            {"class_id": "uuid", "staff_id": "uuid", "post": "text NOT NULL"},
            ("class_id", "staff_id"),
            (("staff_id",),),
        ),
        Table(
            "roster_guardianship",
            {"pupil_id": "uuid", "guardian_id": "uuid", "relationship": "text NOT NULL"},
            ("pupil_id", "guardian_id"),
            (("guardian_id",),),
        ),
        # Each guardian's last answer; it counts while the link stands. What follows is in shared.projections.sharing.
        Table(
            "roster_sharing",
            {"pupil_id": "uuid", "guardian_id": "uuid", "kind": "text", "allowed": "boolean NOT NULL"},
            ("pupil_id", "guardian_id", "kind"),
        ),
        # The last position at which a permission that somebody had answered about was not given.
        Table(
            "roster_sharing_lapse",
            {"pupil_id": "uuid", "kind": "text", "position": "bigint NOT NULL"},
            ("pupil_id", "kind"),
        ),
        # The last position that changed what may be shared of a class (who is in it) or of a pupil (adults, answers).
        Table("roster_sharing_change", {"subject_id": "uuid", "position": "bigint NOT NULL"}, ("subject_id",)),
        Table(
            "roster_list_acknowledged",
            {"class_id": "uuid", "staff_id": "uuid", "list_version": "bigint NOT NULL"},
            ("class_id", "staff_id"),
        ),
    ),
)


def shown(value: Personal[str] | None) -> str | None:
    """A name as a read model holds it: nothing where it was erased or may not be opened."""
    return value if isinstance(value, str) else None


@roster.on(SchoolRegistered)
def _(tx: Tx, e: SchoolRegistered, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_school} (school_id, name, partition) VALUES (%s, %s, %s)",
        meta.school_id,
        e.name,
        e.partition,
    )


@roster.on(SchoolParametersSet)
def _(tx: Tx, e: SchoolParametersSet, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {roster_school} SET parameters = %s WHERE school_id = %s",
        orjson.dumps(dict(e.parameters)).decode(),
        meta.school_id,
    )


@roster.on(PersonRegistered)
def _(tx: Tx, e: PersonRegistered, meta: Envelope) -> None:
    _name_person(tx, e, meta)


@roster.on(PersonRenamed)
def _(tx: Tx, e: PersonRenamed, meta: Envelope) -> None:
    _name_person(tx, e, meta)


def _name_person(tx: Tx, e: PersonRegistered | PersonRenamed, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_person} (school_id, person_id, given_name, family_name) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, person_id) DO UPDATE SET given_name = excluded.given_name,"
        " family_name = excluded.family_name",
        meta.school_id,
        e.person_id,
        shown(e.given_name),
        shown(e.family_name),
    )


@roster.on(RoleAppointed)
def _(tx: Tx, e: RoleAppointed, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_role} (school_id, staff_id, role) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        meta.school_id,
        e.staff_id,
        e.role,
    )


@roster.on(RoleEnded)
def _(tx: Tx, e: RoleEnded, meta: Envelope) -> None:
    tx.execute(
        "DELETE FROM {roster_role} WHERE school_id = %s AND staff_id = %s AND role = %s",
        meta.school_id,
        e.staff_id,
        e.role,
    )


@roster.on(PupilAdmitted)
def _(tx: Tx, e: PupilAdmitted, meta: Envelope) -> None:
    _name_pupil(tx, e, meta)


@roster.on(PupilParticularsChanged)
def _(tx: Tx, e: PupilParticularsChanged, meta: Envelope) -> None:
    _name_pupil(tx, e, meta)


def _name_pupil(tx: Tx, e: PupilAdmitted | PupilParticularsChanged, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_pupil} (school_id, pupil_id, given_name, family_name, year_group, on_roll)"
        " VALUES (%s, %s, %s, %s, %s, true) ON CONFLICT (school_id, pupil_id) DO UPDATE SET"
        " given_name = excluded.given_name, family_name = excluded.family_name, year_group = excluded.year_group,"
        " on_roll = true",
        meta.school_id,
        e.pupil_id,
        shown(e.given_name),
        shown(e.family_name),
        e.year_group,
    )


@roster.on(PupilLeft)
def _(tx: Tx, e: PupilLeft, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {roster_pupil} SET on_roll = false WHERE school_id = %s AND pupil_id = %s",
        meta.school_id,
        e.pupil_id,
    )
    tx.execute(
        "INSERT INTO {roster_sharing_lapse} AS l (school_id, pupil_id, kind, position)"
        " SELECT %s, %s, kind, %s FROM unnest(%s::text[]) kind"
        " ON CONFLICT (school_id, pupil_id, kind) DO UPDATE SET position = greatest(l.position, excluded.position)",
        meta.school_id,
        e.pupil_id,
        meta.position,
        list(SharedKind),
    )


@roster.on(ClassOpened)
def _(tx: Tx, e: ClassOpened, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_class} (school_id, class_id, name, year_group, open) VALUES (%s, %s, %s, %s, true)"
        " ON CONFLICT (school_id, class_id) DO UPDATE SET name = excluded.name, year_group = excluded.year_group,"
        " open = true",
        meta.school_id,
        e.class_id,
        e.name,
        e.year_group,
    )


@roster.on(ClassClosed)
def _(tx: Tx, e: ClassClosed, meta: Envelope) -> None:
    tx.execute(
        "UPDATE {roster_class} SET open = false WHERE school_id = %s AND class_id = %s",
        meta.school_id,
        e.class_id,
    )


@roster.on(PupilEnrolled)
def _(tx: Tx, e: PupilEnrolled, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_enrolment} (school_id, pupil_id, class_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        meta.school_id,
        e.pupil_id,
        e.class_id,
    )
    _note_change(tx, e.class_id, meta)


@roster.on(PupilWithdrawn)
def _(tx: Tx, e: PupilWithdrawn, meta: Envelope) -> None:
    tx.execute(
        "DELETE FROM {roster_enrolment} WHERE school_id = %s AND pupil_id = %s AND class_id = %s",
        meta.school_id,
        e.pupil_id,
        e.class_id,
    )
    _note_change(tx, e.class_id, meta)


@roster.on(StaffAssigned)
def _(tx: Tx, e: StaffAssigned, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_class_staff} (school_id, class_id, staff_id, post) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, class_id, staff_id) DO UPDATE SET post = excluded.post",
        meta.school_id,
        e.class_id,
        e.staff_id,
        e.post,
    )


@roster.on(StaffUnassigned)
def _(tx: Tx, e: StaffUnassigned, meta: Envelope) -> None:
    tx.execute(
        "DELETE FROM {roster_class_staff} WHERE school_id = %s AND class_id = %s AND staff_id = %s",
        meta.school_id,
        e.class_id,
        e.staff_id,
    )


@roster.on(GuardianLinked)
def _(tx: Tx, e: GuardianLinked, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_guardianship} (school_id, pupil_id, guardian_id, relationship) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, pupil_id, guardian_id) DO UPDATE SET relationship = excluded.relationship",
        meta.school_id,
        e.pupil_id,
        e.guardian_id,
        e.relationship,
    )
    _note_lapses(tx, e.pupil_id, meta)
    _note_change(tx, e.pupil_id, meta)


@roster.on(GuardianUnlinked)
def _(tx: Tx, e: GuardianUnlinked, meta: Envelope) -> None:
    tx.execute(
        "DELETE FROM {roster_guardianship} WHERE school_id = %s AND pupil_id = %s AND guardian_id = %s",
        meta.school_id,
        e.pupil_id,
        e.guardian_id,
    )
    _note_lapses(tx, e.pupil_id, meta)
    _note_change(tx, e.pupil_id, meta)


@roster.on(SharePermissionAnswered)
def _(tx: Tx, e: SharePermissionAnswered, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_sharing} (school_id, pupil_id, guardian_id, kind, allowed) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (school_id, pupil_id, guardian_id, kind) DO UPDATE SET allowed = excluded.allowed",
        meta.school_id,
        e.pupil_id,
        e.guardian_id,
        e.kind,
        e.allowed,
    )
    _note_lapses(tx, e.pupil_id, meta)
    _note_change(tx, e.pupil_id, meta)


@roster.on(PermissionListAcknowledged)
def _(tx: Tx, e: PermissionListAcknowledged, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {roster_list_acknowledged} (school_id, class_id, staff_id, list_version) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (school_id, class_id, staff_id) DO UPDATE SET list_version = excluded.list_version",
        meta.school_id,
        e.class_id,
        e.staff_id,
        e.list_version,
    )


def _note_change(tx: Tx, subject_id: ClassId | PupilId, meta: Envelope) -> None:
    """What staff acknowledged before this is no longer the list (S62)."""
    tx.execute(
        "INSERT INTO {roster_sharing_change} AS c (school_id, subject_id, position) VALUES (%s, %s, %s)"
        " ON CONFLICT (school_id, subject_id) DO UPDATE SET position = greatest(c.position, excluded.position)",
        meta.school_id,
        subject_id,
        meta.position,
    )


def _note_lapses(tx: Tx, pupil_id: PupilId, meta: Envelope) -> None:
    """What is not given now is not shown again before somebody approves it anew (S64)."""
    tx.execute(
        "INSERT INTO {roster_sharing_lapse} AS l (school_id, pupil_id, kind, position)"
        " SELECT s.school_id, s.pupil_id, s.kind, %s FROM {roster_sharing} s LEFT JOIN {roster_guardianship} g"
        " ON g.school_id = s.school_id AND g.pupil_id = s.pupil_id AND g.guardian_id = s.guardian_id"
        " WHERE s.school_id = %s AND s.pupil_id = %s GROUP BY s.school_id, s.pupil_id, s.kind"
        " HAVING NOT coalesce(bool_and(s.allowed) FILTER (WHERE g.guardian_id IS NOT NULL), false)"
        " ON CONFLICT (school_id, pupil_id, kind) DO UPDATE SET position = greatest(l.position, excluded.position)",
        meta.position,
        meta.school_id,
        pupil_id,
    )
