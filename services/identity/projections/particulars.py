"""Names, addresses and birth dates as identity alone keeps them: what a new roster is compared with."""

from datetime import date

from shared.events.declaration import Personal
from shared.events.envelope import Envelope
from shared.events.identity import PersonRegistered, PersonRenamed, PupilAdmitted, PupilParticularsChanged
from shared.projections.declaration import Projection, Table, Tx
from shared.projections.roster import shown

particulars = Projection(
    name="particulars",
    version=1,
    source="identity",
    tables=(
        Table(
            "adult_particulars",
            {"person_id": "uuid", "given_name": "text", "family_name": "text", "email": "text"},
            ("person_id",),
        ),
        Table(
            "pupil_particulars",
            {"pupil_id": "uuid", "given_name": "text", "family_name": "text", "birth_date": "date"},
            ("pupil_id",),
        ),
    ),
)


@particulars.on(PersonRegistered)
def _(tx: Tx, e: PersonRegistered, meta: Envelope) -> None:
    _adult(tx, e, meta)


@particulars.on(PersonRenamed)
def _(tx: Tx, e: PersonRenamed, meta: Envelope) -> None:
    _adult(tx, e, meta)


def _adult(tx: Tx, e: PersonRegistered | PersonRenamed, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {adult_particulars} (school_id, person_id, given_name, family_name, email)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (school_id, person_id) DO UPDATE SET"
        " given_name = excluded.given_name, family_name = excluded.family_name, email = excluded.email",
        meta.school_id,
        e.person_id,
        shown(e.given_name),
        shown(e.family_name),
        shown(e.email),
    )


@particulars.on(PupilAdmitted)
def _(tx: Tx, e: PupilAdmitted, meta: Envelope) -> None:
    _pupil(tx, e, meta)


@particulars.on(PupilParticularsChanged)
def _(tx: Tx, e: PupilParticularsChanged, meta: Envelope) -> None:
    _pupil(tx, e, meta)


def _pupil(tx: Tx, e: PupilAdmitted | PupilParticularsChanged, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {pupil_particulars} (school_id, pupil_id, given_name, family_name, birth_date)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (school_id, pupil_id) DO UPDATE SET"
        " given_name = excluded.given_name, family_name = excluded.family_name, birth_date = excluded.birth_date",
        meta.school_id,
        e.pupil_id,
        shown(e.given_name),
        shown(e.family_name),
        _born(e.birth_date),
    )


def _born(value: Personal[date | None]) -> date | None:
    return value if isinstance(value, date) else None
