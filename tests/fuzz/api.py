"""Requests made from the API's own document, each sent as every kind of person, through nginx.

schemathesis makes them, right ones and wrong ones; ids of what there is are put where ids belong. No answer is an
error of ours, comes late, is anything but what the document promises, or shows another school's words; what was
refused has written nothing.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.gateway.document import shipped
from deploy.services import SERVICES
from shared.http.problems import MEDIA_TYPE
from shared.policy.codes import CODES
from shared.testing.school import zipped
from tests.fuzz.cast import Cast, Principal, cast
from tests.fuzz.plan import Finding, Plan
from tests.installation import Bench
from tests.pictures import a_scene, saved

EXAMPLES = 4
"""Right ones and as many wrong ones, of each operation; each is sent as everybody."""
SECONDS = 2.0
WAITED_SECONDS = 4.0
"""For a request that says itself that it will wait: two seconds, and the way."""
# What hypothesis tries first, and rarely leaves, is the first.
MOSTLY = st.sampled_from([True, True, True, True, False])
CONFORMS: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UPLOADS = ("application/zip", "image/jpeg", "image/png", "image/webp")
CORRELATIONS = UUID("6f1c3d52-0b7e-4f9e-9c55-2f7d1f5b7a10")
MAY_STILL_COMMIT = 503
"""A wait that timed out says so, and that the same key is safe to send again."""
# Played last: they remove guardians, end sessions, erase people, take posts away and move everybody's clock.
LAST = (
    "POST /v1/moderation/reshare-reports/{report_id}/decision",
    "POST /v1/moderation/cases/{case_id}/decision",
    "POST /v1/moderation/guardians/{guardian_id}/decisions",
    "POST /v1/me/password",
    "DELETE /v1/appointments/{staff_id}/{role}",
    "POST /v1/erasures",
    "DELETE /v1/sessions/current",
    "DELETE /v1/sessions",
    "PUT /v1/clock",
)


uploads = st.binary(max_size=200) | st.tuples(
    st.sampled_from([saved(a_scene((9, 9)), "JPEG"), saved(a_scene((9, 9)), "PNG"), saved(a_scene((9, 9)), "WEBP")])
    | st.just(
        zipped({"manifest.csv": b"propertyName,value\r\nmanifest.version,1.0\r\n", "users.csv": b"sourcedId\r\n"})
    ),
    st.integers(0, 100),
    st.binary(max_size=4),
).map(lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + len(made[2]) :])
for kind in UPLOADS:
    schemathesis.openapi.media_type(kind, uploads)


@schemathesis.serializer(*UPLOADS)
def as_it_is(_context: Any, value: Any) -> Any:
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@dataclass
class Stage:
    """What requests are sent to and what became of them."""

    bench: Bench
    cast: Cast
    seed: int
    session: requests.Session = field(default_factory=requests.Session)
    findings: dict[str, Finding] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    accepted: set[str] = field(default_factory=set)
    slowest: float = 0.0

    @property
    def gateway(self) -> str:
        return self.bench.it.state["gateway"]

    def found(self, what: str, shown: str) -> None:
        self.findings.setdefault(what, Finding(what, shown))


def play(plan: Plan) -> list[Finding]:
    """One round over every operation."""
    bench = plan.place.bench
    plan.say("  two schools are made, and everybody signs in")
    stage = Stage(bench, cast(bench), plan.seed)
    operations = _operations(plan.operation)
    for number, operation in enumerate(operations):
        plan.step(number, len(operations))
        for mode in _modes(operation):
            _play(operation, mode, stage, plan.enough(EXAMPLES), plan.seed)
        _nothing_written(stage, operation.label)
    plan.say(
        f"  {stage.sent} requests as {len(stage.cast.principals)} kinds of people; the slowest answer took"
        f" {stage.slowest:.2f} s; {len(stage.accepted)} of {len(operations)} operations accepted some"
    )
    never = sorted({operation.label for operation in operations} - stage.accepted)
    if never:
        plan.say(f"  accepted none: {', '.join(never)}")
    return list(stage.findings.values())


def _operations(only: str | None) -> list[Any]:
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(shipped(), config=config)
    found = [result.ok() for result in schema.get_all_operations()]
    chosen = [operation for operation in found if only in (None, operation.label)]
    return sorted(chosen, key=lambda made: (_turn(made.label), made.label))


def _modes(operation: Any) -> list[GenerationMode]:
    """Wrong ones too, where something wrong can be said: to look for it where there is nothing takes half a minute."""
    told = len(operation.body) or len(operation.query) or len(operation.path_parameters)
    return list(GenerationMode) if told else [GenerationMode.POSITIVE]


def _turn(label: str) -> int:
    if label in LAST:
        return 10 + LAST.index(label)
    return ("GET", "POST", "PUT", "PATCH", "DELETE").index(label.split(maxsplit=1)[0])


def _play(operation: Any, mode: GenerationMode, stage: Stage, examples: int, seed: int) -> None:
    strategy = operation.as_strategy(generation_mode=mode)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy, st.data())
    def each(case: Any, data: st.DataObject) -> None:
        _put_ids(case, data, stage.cast, stage.sent)
        spelt = case.as_curl_command()
        for principal in stage.cast.principals:
            _send(case, spelt, principal, stage)

    with suppress(hypothesis.errors.Unsatisfiable):
        each()


def _put_ids(case: Any, data: st.DataObject, cast: Cast, number: int) -> None:
    """Ids of things that there are, mostly, and a key of its own: else nearly every answer would be one of two."""
    if "Idempotency-Key" in (case.headers or {}) and data.draw(MOSTLY):
        case.headers["Idempotency-Key"] = f"fuzz-{number}"
    for name in case.path_parameters or {}:
        if name.endswith("_id") and data.draw(MOSTLY):
            case.path_parameters[name] = data.draw(st.sampled_from(cast.id_for(name)))
    if isinstance(case.body, dict | list):
        case.body = _with_ids(case.body, data, cast)


def _with_ids(value: Any, data: st.DataObject, cast: Cast, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with_ids(inner, data, cast, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_ids(inner, data, cast, name) for inner in value]
    if name.endswith(("_id", "_ids", "names")) and isinstance(value, str) and data.draw(MOSTLY):
        return data.draw(st.sampled_from(cast.id_for("pupil_id" if name == "names" else name)))
    return value


def _send(case: Any, spelt: str, principal: Principal, stage: Stage) -> None:
    label = case.operation.label
    answer = _asked(case, spelt, principal, stage)
    if answer is not None and answer.status_code == 401 and principal.session is not None and "/sessions" not in label:
        principal.session = principal.renew()
        answer = _asked(case, spelt, principal, stage)
    if answer is None:
        return
    shown = f"as {principal.name}: {spelt}\n{answer.status_code} {answer.content[:600]!r}"
    for what in _faults(case, principal, answer):
        stage.found(f"{label}: {what}", shown)
    if answer.status_code < 400:
        stage.accepted.add(label)


def _asked(case: Any, spelt: str, principal: Principal, stage: Stage) -> Response | None:
    stage.sent += 1
    correlation = str(uuid5(CORRELATIONS, f"{stage.seed}/{stage.sent}"))
    headers = {**principal.headers(), "Bookbag-Correlation": correlation}
    began = time.monotonic()
    try:
        answer = case.call(base_url=stage.gateway, session=stage.session, headers=headers, timeout=30)
    except (requests.exceptions.InvalidHeader, UnicodeError, ValueError):
        return None  # a header that this client cannot send; raw sockets send such
    except requests.exceptions.RequestException as error:
        stage.found(f"{case.operation.label}: no answer, but {type(error).__name__}", f"as {principal.name}: {spelt}")
        return None
    took = time.monotonic() - began
    stage.slowest = max(stage.slowest, took)
    waits = any(name.lower() == "bookbag-position" for name in case.headers or {})
    if took > (WAITED_SECONDS if waits else SECONDS):
        stage.found(f"{case.operation.label}: an answer after more than two seconds", f"{took:.1f} s: {spelt}")
    if answer.status_code >= 400 and answer.status_code != MAY_STILL_COMMIT:
        stage.refused[correlation] = f"as {principal.name}: {spelt}\n{answer.status_code}"
    return answer


def _faults(case: Any, principal: Principal, answer: Response) -> Iterator[str]:
    status, content = answer.status_code, answer.content
    if status >= 500 and not _says_when_to_come_again(answer):
        yield f"an error of ours, {status}"
    if status >= 400:
        yield from _wrong_refusals(case, answer)
    for token in principal.never_sees:
        if token.encode().lower() in content.lower():
            yield f"{principal.name} sees another school's words"
    try:
        case.validate_response(answer, checks=CONFORMS)
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{type(failure).__name__} ({status}): {getattr(failure, 'message', '')[:160]}"


def _says_when_to_come_again(answer: Response) -> bool:
    return answer.status_code == MAY_STILL_COMMIT and bool(answer.headers.get("retry-after"))


def _wrong_refusals(case: Any, answer: Response) -> Iterator[str]:
    if answer.headers.get("content-type") != [MEDIA_TYPE]:
        yield f"a refusal that is no problem document, but {answer.headers.get('content-type')}"
        return
    code = CODES.get(_problem(answer).get("code", ""))
    if code is None or code.status != answer.status_code:
        yield f"a refusal whose code is not in the registry with status {answer.status_code}"
    elif code.name not in case.operation.definition.raw["x-codes"]:
        yield f"{code.name} is not among the codes that the document names"


def _problem(answer: Response) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _nothing_written(stage: Stage, label: str) -> None:
    """Each event says which request it follows from."""
    for service in SERVICES:
        rows = stage.bench.ask(
            service,
            "SELECT DISTINCT correlation_id, type FROM log_event WHERE correlation_id = ANY(%s::uuid[])",
            (list(stage.refused),),
        )
        for correlation, kind in rows:
            stage.found(f"{label}: what was refused has written {kind}", stage.refused[str(correlation)])
    stage.refused.clear()
