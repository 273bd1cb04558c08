import base64
import hashlib
import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from shared.runtime.config import ApiConfig, BrokerConfig, CommonConfig, ConfigError, Environment, Secret

Variables = dict[str, str]


@pytest.fixture
def environment(tmp_path: Path) -> Variables:
    def file(name: str, content: str) -> str:
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    digest = hashlib.sha256(b"token").hexdigest()
    return {
        "BOOKBAG_ENVIRONMENT": "development",
        "BOOKBAG_DATABASE_HOST": "127.0.0.1",
        "BOOKBAG_DATABASE_PORT": "5432",
        "BOOKBAG_PASSFILE": "/run/bookbag/passfile",
        "BOOKBAG_INSTALLATION_KEY_FILE": file("installation.key", base64.b64encode(b"i" * 32).decode() + "\n"),
        "BOOKBAG_IDEMPOTENCY_KEY_FILE": file("idempotency.key", base64.b64encode(b"k" * 32).decode()),
        "BOOKBAG_PRINCIPAL_PUBLIC_KEY_FILE": file("principal.pub", "PEM"),
        "BOOKBAG_GATEWAY_SECRET_FILE": file("gateway.secret", "gateway-secret\n"),
        "BOOKBAG_FEEDS": '{"identity": "http://127.0.0.1:20011"}',
        "BOOKBAG_SERVICE_CREDENTIAL_FILE": file("points.credential", "service-token"),
        "BOOKBAG_SERVICE_CREDENTIALS_FILE": file("points.credentials.json", json.dumps({"moderation": digest})),
        "BOOKBAG_BROKER_HOST": "127.0.0.1",
        "BOOKBAG_BROKER_PORT": "5672",
        "BOOKBAG_BROKER_PASSWORD_FILE": file("broker.password", "broker-password"),
        "BOOKBAG_HTTP_PORT": "20012",
    }


def read_all(environment: Variables) -> None:
    CommonConfig.from_environment(environment)
    ApiConfig.from_environment(environment)
    BrokerConfig.from_environment(environment)


def test_a_whole_environment_is_read(environment: Variables) -> None:
    common, api = CommonConfig.from_environment(environment), ApiConfig.from_environment(environment)
    assert common.environment is Environment.DEVELOPMENT
    assert common.installation_key.reveal() == b"i" * 32
    assert (api.gateway_secret.reveal(), api.http_threads) == ("gateway-secret", 8)
    assert list(api.service_credentials) == ["moderation"]
    assert BrokerConfig.from_environment(environment).port == 5672


def test_each_variable_that_is_missing_is_named_in_one_sentence(environment: Variables) -> None:
    for name in environment:
        with pytest.raises(ConfigError) as caught:
            read_all({other: value for other, value in environment.items() if other != name})
        assert str(caught.value) == f"{name} is not set."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOOKBAG_ENVIRONMENT", "staging-9731"),
        ("BOOKBAG_DATABASE_PORT", "0"),
        ("BOOKBAG_DATABASE_PORT", "65536"),
        ("BOOKBAG_HTTP_PORT", "\N{SUPERSCRIPT TWO}"),
        ("BOOKBAG_HTTP_PORT", "9" * 10_000),
        ("BOOKBAG_HTTP_THREADS", "-9731"),
        ("BOOKBAG_PASSFILE", "relative-9731"),
        ("BOOKBAG_FEEDS", "[9731]"),
        ("BOOKBAG_FEEDS", '{"identity": "9731"}'),
        ("BOOKBAG_INSTALLATION_KEY_FILE", "/nowhere/9731"),
    ],
)
def test_a_variable_that_is_wrong_is_named_and_its_value_is_not_said(
    environment: Variables, name: str, value: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_all(environment | {name: value})
    assert str(caught.value).startswith(f"{name} ")
    assert "9731" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("BOOKBAG_INSTALLATION_KEY_FILE", "c2hvcnQ="),
        ("BOOKBAG_IDEMPOTENCY_KEY_FILE", "not base64 hush"),
        ("BOOKBAG_GATEWAY_SECRET_FILE", ""),
        ("BOOKBAG_GATEWAY_SECRET_FILE", "two\nlines hush"),
        ("BOOKBAG_SERVICE_CREDENTIALS_FILE", '{"moderation": "hush"}'),
        ("BOOKBAG_SERVICE_CREDENTIALS_FILE", "[" * 100_000),
    ],
)
def test_a_file_that_is_wrong_is_named_by_its_variable_and_not_quoted(
    environment: Variables, name: str, content: str
) -> None:
    Path(environment[name]).write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_all(environment)
    assert str(caught.value).startswith(f"{name} ")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "field"), [("BOOKBAG_CRASH_POINTS_FILE", "crash_points_file"), ("BOOKBAG_CLOCK_FILE", "clock_file")]
)
def test_crash_points_and_a_clock_to_set_do_not_exist_in_production(
    environment: Variables, name: str, field: str
) -> None:
    assert getattr(CommonConfig.from_environment(environment), field) is None
    told = environment | {name: "/run/bookbag/file"}
    assert getattr(CommonConfig.from_environment(told), field) == Path("/run/bookbag/file")
    with pytest.raises(ConfigError, match=name):
        CommonConfig.from_environment(told | {"BOOKBAG_ENVIRONMENT": "production"})


def test_a_secret_shows_itself_to_nobody_who_does_not_ask(environment: Variables) -> None:
    secret = Secret("gateway-secret")
    assert "gateway-secret" not in f"{secret} {secret!r} {[secret]} {vars(type(secret))}"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)
    shown = repr(ApiConfig.from_environment(environment)) + repr(CommonConfig.from_environment(environment))
    assert not [one for one in ("gateway-secret", "service-token", "iiii", "kkkk") if one in shown]


def test_a_configuration_does_not_change(environment: Variables) -> None:
    common = CommonConfig.from_environment(environment)
    with pytest.raises(AttributeError):
        common.http_port = 1  # type: ignore[misc]
    assert replace(common, http_port=1) != common
