"""The proof of an erasure: signed, the same bytes for the same content, and silent about what is kept."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from deploy.operator.certificate import Certificate, certificate_of, signed_here
from deploy.operator.config import OperatorConfig
from deploy.operator.secrets import generate
from shared.events.identity import (
    ErasedKeys,
    ErasureDecided,
    ErasureId,
    ErasureReason,
    Holder,
    PersonId,
    RefusedErasure,
    StaffId,
)
from shared.privacy.categories import Category

DECISION = ErasureDecided(
    erasure_id=ErasureId(UUID(int=1)),
    subject_id=PersonId(UUID(int=2)),
    subject_kind=Holder.PUPIL,
    reason=ErasureReason.LEFT_SCHOOL,
    requested_by=None,
    decided_by=StaffId(UUID(int=3)),
    erased=(Category.POINTS_NOTE,),
    refused=(RefusedErasure(category=Category.SAFEGUARDING, code="KEPT_FOR_SAFETY", exemption="Article 17(3)(b)"),),
)
KEYS = [ErasedKeys(service="points", category=Category.POINTS_NOTE, keys=3)]
AT = datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> OperatorConfig:
    generate(tmp_path / "secrets")
    return OperatorConfig(host="", port=0, secrets=tmp_path / "secrets", superuser=None, superuser_password_file=None)


def a_certificate() -> Certificate:
    return certificate_of(DECISION, UUID(int=9), keys=KEYS, models=["points.pupil_points"], logs={"points": 12}, at=AT)


def test_S18_it_names_the_day_from_which_no_backup_holds_the_keys_and_the_minute_from_which_no_process_does():
    certificate = a_certificate()
    assert certificate.backups_expire_on == date(2027, 1, 30)
    assert certificate.content["unreadable_after"] == "2027-01-01T00:00:30.000000Z"
    assert "no backup after 2027-01-30" in certificate.text()


def test_S20_T1_what_is_kept_is_said_with_its_reason_and_without_a_number():
    [kept] = a_certificate().content["kept"]
    assert kept["exemption"] == "Article 17(3)(b)"
    assert not any(isinstance(value, int) for value in kept.values())


def test_a_written_certificate_is_recognised_and_one_with_any_value_changed_is_not(config: OperatorConfig):
    path = a_certificate().write(config)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    text = path.read_text()
    assert signed_here(config, text)
    whole = json.loads(text)
    for name in whole["certificate"]:
        assert not signed_here(config, json.dumps(whole | {"certificate": whole["certificate"] | {name: "other"}}))
    for other in ("", "[]", "{}", text.replace("signature", "signed"), text[:-9]):
        assert not signed_here(config, other)


def test_another_installation_s_certificate_is_not_this_one_s(config: OperatorConfig, tmp_path: Path):
    generate(tmp_path / "elsewhere" / "secrets")
    other = OperatorConfig(
        host="", port=0, secrets=tmp_path / "elsewhere" / "secrets", superuser=None, superuser_password_file=None
    )
    assert not signed_here(config, a_certificate().write(other).read_text())
