"""The picture that each pupil has chosen; none once the pupil's data is erased."""

from shared.events.envelope import Envelope
from shared.events.identity import AvatarChosen, PersonalDataErased
from shared.projections.declaration import Projection, Table, Tx

avatars = Projection(
    name="avatars",
    version=1,
    source="identity",
    tables=(Table("avatar", {"pupil_id": "uuid", "avatar": "text NOT NULL"}, ("pupil_id",)),),
)


@avatars.on(AvatarChosen)
def _(tx: Tx, e: AvatarChosen, meta: Envelope) -> None:
    tx.execute(
        "INSERT INTO {avatar} (school_id, pupil_id, avatar) VALUES (%s, %s, %s)"
        " ON CONFLICT (school_id, pupil_id) DO UPDATE SET avatar = excluded.avatar",
        meta.school_id,
        e.pupil_id,
        e.avatar,
    )


@avatars.on(PersonalDataErased)
def _(tx: Tx, e: PersonalDataErased, meta: Envelope) -> None:
    tx.execute("DELETE FROM {avatar} WHERE school_id = %s AND pupil_id = %s", meta.school_id, e.subject_id)
