"""The product in the policy's words: typed functions that act through the gateway, as a client app would.

Each returns what was answered, or `Refused` with the refusal's code and clause. Reads wait for what was written through
the same `Bookbag`, so that a story needs no pauses. The demo and the end-to-end tests use nothing else.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Self
from uuid import UUID, uuid4

import httpx

POSITION = "Bookbag-Position"
SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was refused and why.

    Attributes:
        status: of HTTP; 0 where no answer came at all.
        clause: of the policy; None where the refusal rests on none.
    """

    status: int
    code: str
    clause: str | None = None
    detail: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A write that was answered: where the thing can be read, where it stands in the log, and what else was said."""

    status: int
    location: str
    position: str
    body: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def id(self) -> UUID:
        """The id that the location ends with."""
        return UUID(PurePosixPath(self.location).name)


@dataclass(frozen=True, slots=True)
class Saw:
    """A read that was answered."""

    body: Any

    def __getitem__(self, key: str) -> Any:
        return self.body[key]


class Bookbag:
    """One installation, seen from outside its gateway. Safe to share between threads."""

    def __init__(self, gateway: str, client: httpx.Client | None = None) -> None:
        self.client = client or httpx.Client(
            base_url=gateway, timeout=SECONDS, trust_env=False, limits=httpx.Limits(max_connections=64)
        )
        self._positions: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def forgetful(self) -> Self:
        """Another client app over the same connections: it has written nothing yet, so its reads wait for nothing."""
        return type(self)(str(self.client.base_url), self.client)

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sign_in_operator(self, password: str, name: str = "operator") -> "Session | Refused":
        """Signs a platform operator in."""
        return self._sign_in({"operator": name, "password": password})

    def sign_in(
        self,
        school: str,
        login: str,
        *,
        password: str | None = None,
        code: str | None = None,
        capacity: str | None = None,
    ) -> "Session | Refused":
        """Signs a person in at a school by password or by one-time code, in one capacity."""
        body = {"school": school, "login": login, "password": password, "code": code, "capacity": capacity}
        return self._sign_in({name: value for name, value in body.items() if value is not None})

    def _sign_in(self, body: Mapping[str, Any]) -> "Session | Refused":
        # A guardian's session is as restricted as the decisions that were taken through this object say.
        answer = self.send("POST", "/v1/sessions", None, json=body, rests_on=("identity", "moderation"))
        if isinstance(answer, Refused):
            return answer
        found = answer.json()
        return Session(self, found["token"], UUID(found["person_id"]), found["capacity"])

    def policy(self, school: str | None = None) -> "Saw | Refused":
        """The policy that is in force, in its own words and a school's name if one is given; needs no sign-in."""
        answer = self.send("GET", "/v1/policy", None, params=None if school is None else {"school": school})
        return answer if isinstance(answer, Refused) else Saw(answer.json())

    def send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        key: str | None = None,
        json: Any = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        rests_on: Sequence[str] = ("identity",),
    ) -> httpx.Response | Refused:
        """One request, its refusal read.

        A read sees all that was written through this object; a write what the services named in `rests_on` were told.
        """
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if seen := self.seen_so_far(*(() if method == "GET" else rests_on)):
            sent[POSITION] = seen
        if method == "POST":
            sent["Idempotency-Key"] = key or str(uuid4())
        try:
            answer = self.client.request(method, path, headers=sent, json=json, content=content, params=params)
        except httpx.TransportError as error:
            return Refused(status=0, code=type(error).__name__)
        self._remember(answer.headers.get(POSITION))
        return _refusal(answer) if answer.is_error else answer

    def seen_so_far(self, *services: str) -> str:
        """The newest position of each log, or of these services', that was written to through this object."""
        with self._lock:
            known = sorted(self._positions.items())
        return ", ".join(f"{name}.{part}.{at}" for (name, part), at in known if not services or name in services)

    def _remember(self, position: str | None) -> None:
        if position:
            service, partition, at = position.split(".")
            with self._lock:
                known = self._positions.get((service, partition), 0)
                self._positions[service, partition] = max(known, int(at))


@dataclass(frozen=True, slots=True)
class Session:
    """One person, signed in in one capacity."""

    bookbag: Bookbag
    token: str = field(repr=False)
    person_id: UUID
    capacity: str

    # -- anyone ------------------------------------------------------------------------------------------------

    def me(self) -> Saw | Refused:
        """Who I am here: capacity, roles, classes, children."""
        return self._see("/v1/me")

    def sign_out(self) -> Wrote | Refused | None:
        """Ends this session."""
        answer = self.bookbag.send("DELETE", "/v1/sessions/current", self.token)
        return answer if isinstance(answer, Refused) else None

    def choose_password(self, new: str, current: str | None = None) -> Wrote | Refused | None:
        """Sets the account's password."""
        body = {"new": new} | ({"current": current} if current else {})
        answer = self.bookbag.send("POST", "/v1/me/password", self.token, json=body)
        return answer if isinstance(answer, Refused) else None

    # -- operators ---------------------------------------------------------------------------------------------

    def register_school(self, slug: str, name: str) -> Wrote | Refused:
        """Makes a school."""
        return self._write("/v1/schools", {"slug": slug, "name": name})

    def import_roster(self, archive: bytes, school_id: UUID | None = None) -> Wrote | Refused:
        """Brings in a OneRoster 1.2 set; an operator names the school, the office's is its own."""
        path = f"/v1/schools/{school_id}/roster-imports" if school_id else "/v1/roster-imports"
        return self._wrote(
            self.bookbag.send("POST", path, self.token, content=archive, headers={"Content-Type": "application/zip"})
        )

    def one_time_code(self, school: str, login: str) -> str | Refused:
        """A code that signs a person in once (development installations only)."""
        answer = self.bookbag.send("POST", "/v1/one-time-codes", self.token, json={"school": school, "login": login})
        return answer if isinstance(answer, Refused) else str(answer.json()["code"])

    def clock(self) -> datetime | Refused:
        """What time it is by the school's clock (development installations only)."""
        return _school_time(self.bookbag.send("GET", "/v1/clock", self.token))

    def set_clock(self, at: datetime) -> datetime | Refused:
        """Sets it forward, for every school at once. Sessions expire by it: an operator's lasts an hour."""
        return _school_time(self.bookbag.send("PUT", "/v1/clock", self.token, json={"now": _when(at)}))

    def appoint(self, login: str, role: str, school_id: UUID | None = None) -> Wrote | Refused:
        """Appoints a member of staff as deputy headteacher, safeguarding lead, office or governor."""
        path = f"/v1/schools/{school_id}/appointments" if school_id else "/v1/appointments"
        return self._write(path, {"login": login, "role": role})

    # -- the school's people -------------------------------------------------------------------------------------

    def choose_avatar(self, avatar: str) -> Wrote | Refused:
        """A pupil chooses their picture, from the fixed set (S30)."""
        return self._wrote(self.bookbag.send("PUT", "/v1/me/avatar", self.token, json={"avatar": avatar}))

    def classes(self) -> Saw | Refused:
        return self._see("/v1/classes")

    def class_with_pupils(self, class_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/classes/{class_id}")

    def pupil(self, pupil_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/pupils/{pupil_id}")

    # -- points (S32 to S36) ---------------------------------------------------------------------------------------

    def define_value(self, name: str, kind: str = "value") -> Wrote | Refused:
        return self._write("/v1/values", {"kind": kind, "name": name})

    def define_behaviour(self, name: str, value_id: UUID | str, points: int = 1) -> Wrote | Refused:
        return self._write("/v1/behaviours", {"name": name, "value_id": str(value_id), "points": points})

    def behaviours(self) -> Saw | Refused:
        return self._see("/v1/behaviours")

    def award(
        self,
        pupil_id: UUID | str,
        behaviour_id: UUID | str | None,
        *,
        points: int | None = None,
        note: str | None = None,
        key: str | None = None,
    ) -> Wrote | Refused:
        """Gives a pupil points for a behaviour."""
        body = {
            "pupil_id": str(pupil_id),
            "behaviour_id": None if behaviour_id is None else str(behaviour_id),
            "points": points,
            "note": note,
        }
        return self._write("/v1/points", {name: value for name, value in body.items() if value is not None}, key=key)

    def revoke(self, award_id: UUID | str, reason: str, *, key: str | None = None) -> Wrote | Refused:
        """Takes an award back."""
        path = f"/v1/points/{award_id}/revocation"
        return self._write(path, {"reason": reason}, key=key, rests_on=("identity", "points"))

    def points_of(self, pupil_id: UUID | str) -> Saw | Refused:
        """A pupil's total, by value, and the newest awards."""
        return self._see(f"/v1/pupils/{pupil_id}/points")

    def points_of_class(self, class_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/classes/{class_id}/points")

    # -- stories and what may be shared (S37 to S45, S54 to S64) ---------------------------------------------------

    def answer_sharing(self, pupil_id: UUID | str, kind: str, *, allowed: bool) -> Wrote | Refused:
        """A guardian says whether a kind (photo, recording, message, work_sample) may be shared of their child."""
        return self._write(f"/v1/pupils/{pupil_id}/sharing-permissions", {"kind": kind, "allowed": allowed})

    def sharing_answers(self, pupil_id: UUID | str) -> Saw | Refused:
        """What a guardian has said themselves."""
        return self._see(f"/v1/pupils/{pupil_id}/sharing-permissions")

    def sharing_list(self, class_id: UUID | str) -> Saw | Refused:
        """What may be shared of each child of a class, for its staff."""
        return self._see(f"/v1/classes/{class_id}/sharing-permissions")

    def acknowledge_sharing_list(self, class_id: UUID | str, list_version: int) -> Wrote | Refused:
        """Staff say that they know the class's list as it stands at a version (S62)."""
        path = f"/v1/classes/{class_id}/sharing-permissions/acknowledgement"
        return self._write(path, {"list_version": list_version})

    def upload_picture(
        self, picture: bytes, content_type: str = "image/jpeg", *, key: str | None = None
    ) -> Wrote | Refused:
        """Uploads a picture, for one story."""
        headers = {"Content-Type": content_type}
        return self._wrote(
            self.bookbag.send("POST", "/v1/media", self.token, content=picture, headers=headers, key=key)
        )

    def post_story(
        self,
        class_id: UUID | str,
        text: str,
        *,
        kind: str = "news",
        pupil_id: UUID | str | None = None,
        event_on: str | None = None,
        names: Iterable[UUID | str] = (),
        pictures: Iterable[Mapping[str, Any]] = (),
        confirmed: bool = False,
        key: str | None = None,
    ) -> Wrote | Refused:
        """Posts a story for a class, or (with `pupil_id`) for the adults of one child."""
        body = {"text": text, "kind": kind, "names": [str(pupil) for pupil in names], "confirmed": confirmed}
        body |= {"pictures": [dict(picture) for picture in pictures]}
        body |= _given(pupil_id=pupil_id and str(pupil_id), event_on=event_on)
        return self._write(f"/v1/classes/{class_id}/stories", body, key=key, rests_on=("identity", "stories"))

    def stories(self, class_id: UUID | str, *, limit: int | None = None, after: str | None = None) -> Saw | Refused:
        """A class's stories, the newest first."""
        params = _given(limit=limit and str(limit), after=after)
        return self._see(f"/v1/classes/{class_id}/stories", params)

    def story(self, story_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/stories/{story_id}")

    def picture(self, media_id: UUID | str, size: str | None = None) -> bytes | Refused:
        """A picture of a story, or its thumbnail."""
        answer = self.bookbag.send("GET", f"/v1/media/{media_id}", self.token, params=_given(size=size))
        return answer if isinstance(answer, Refused) else answer.content

    def withdraw_story(self, story_id: UUID | str) -> Wrote | Refused:
        return self._write(f"/v1/stories/{story_id}/withdrawal", None, rests_on=("identity", "stories"))

    def approve_media(
        self, story_id: UUID | str, media_ids: Iterable[UUID | str] = (), *, text: bool = False
    ) -> Wrote | Refused:
        """Shows again what was hidden while a permission was away (S64)."""
        body = {"media_ids": [str(media_id) for media_id in media_ids], "text": text}
        return self._write(f"/v1/stories/{story_id}/media-approval", body, rests_on=("identity", "stories"))

    def notices(self) -> Saw | Refused:
        """Reminders and events of a guardian's children's classes, in words alone."""
        return self._see("/v1/notices")

    # -- messages (S46 to S53, S75) --------------------------------------------------------------------------------

    def open_conversation(self, pupil_id: UUID | str, guardian_id: UUID | str | None = None) -> Wrote | Refused:
        """A guardian's conversation with the class teacher of their child; staff name the guardian too."""
        body = {"pupil_id": str(pupil_id)} | ({"guardian_id": str(guardian_id)} if guardian_id else {})
        return self._write("/v1/conversations", body, rests_on=("identity", "moderation"))

    def conversations(self) -> Saw | Refused:
        return self._see("/v1/conversations")

    def send(
        self, conversation_id: UUID | str, text: str, *, confirmed: bool | None = None, key: str | None = None
    ) -> Wrote | Refused:
        """Sends a message; a guardian's, or a class teacher's, who may confirm that no name is a child's full one."""
        path = f"/v1/conversations/{conversation_id}/messages"
        body = {"text": text} | _given(confirmed=confirmed)
        return self._write(path, body, key=key, rests_on=("identity", "messaging", "moderation"))

    def messages(self, conversation_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/conversations/{conversation_id}/messages")

    def message(self, message_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/messages/{message_id}")

    def urgency(self, text: str) -> str | Refused | None:
        """What a guardian is shown before a text is sent that sounds as if it cannot wait; None for any other."""
        answer = self.bookbag.send("POST", "/v1/messages/urgency", self.token, json={"text": text})
        if isinstance(answer, Refused):
            return answer
        hint = answer.json()["hint"]
        return None if hint is None else str(hint)

    def ask_to_phone(self, message_id: UUID | str) -> Wrote | Refused:
        """A class teacher asks the guardian who wrote this to phone the school instead."""
        return self._write(f"/v1/messages/{message_id}/phone-request", None)

    def awaiting_reply(self) -> Saw | Refused:
        """A class teacher's own messages from guardians that nobody has answered, the oldest first."""
        return self._see("/v1/me/awaiting-reply")

    def flag(
        self, message_id: UUID | str, *, track: str = "conduct", category: str = "abusive", note: str = "As it reads."
    ) -> Wrote | Refused:
        """Finds a message inappropriate (S75), or a worry about a child in it (T14)."""
        body = {"track": track, "category": category, "note": note}
        return self._write(f"/v1/messages/{message_id}/flags", body, rests_on=("identity", "messaging"))

    def receive_warning(self, warning_id: UUID | str) -> Wrote | Refused:
        """Says that the warning was read: from here on it is delivered."""
        return self._write(f"/v1/warnings/{warning_id}/receipt", None, rests_on=("identity", "moderation"))

    def hand_over_warning(
        self, warning_id: UUID | str, guardian_id: UUID | str, means: str, reason: str
    ) -> Wrote | Refused:
        """Records that the Headteacher delivered a warning by letter or in a meeting."""
        body = {"guardian_id": str(guardian_id), "means": means, "reason": reason}
        return self._write(f"/v1/warnings/{warning_id}/delivery", body, rests_on=("identity", "moderation"))

    # -- moderation (S06, S69 to S78) ------------------------------------------------------------------------------

    def alerts(self) -> Saw | Refused:
        """What waits for a leader."""
        return self._see("/v1/moderation/alerts")

    def cases(self) -> Saw | Refused:
        return self._see("/v1/moderation/cases")

    def case(self, case_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/moderation/cases/{case_id}")

    def acknowledge(self, case_id: UUID | str) -> Wrote | Refused:
        path = f"/v1/moderation/cases/{case_id}/acknowledgement"
        return self._write(path, None, rests_on=("identity", "messaging", "moderation"))

    def decide(
        self,
        case_id: UUID | str,
        outcome: str,
        reason: str,
        *,
        not_headteacher_because: str | None = None,
        key: str | None = None,
    ) -> Wrote | Refused:
        """Upholds or dismisses what was flagged; the Deputy says why the Headteacher did not decide."""
        body = {"outcome": outcome, "reason": reason} | _given(not_headteacher_because=not_headteacher_because)
        path = f"/v1/moderation/cases/{case_id}/decision"
        return self._write(path, body, key=key, rests_on=("identity", "messaging", "moderation"))

    def standing(self, guardian_id: UUID | str) -> Saw | Refused:
        """A guardian's ledger: where they stand, and why."""
        return self._see(f"/v1/moderation/guardians/{guardian_id}")

    def decide_about(self, guardian_id: UUID | str, decision: str, reason: str) -> Wrote | Refused:
        """The Headteacher rescinds a warning, reinstates, removes by override, keeps or lifts a suspension."""
        path = f"/v1/moderation/guardians/{guardian_id}/decisions"
        body = {"decision": decision, "reason": reason}
        return self._write(path, body, rests_on=("identity", "messaging", "moderation"))

    def my_standing(self) -> Saw | Refused:
        """What a guardian is told: where they stand, the decisions with their reasons, the office's number."""
        return self._see("/v1/me/standing")

    def appeal(self, text: str) -> Wrote | Refused:
        return self._write("/v1/appeals", {"text": text}, rests_on=("identity", "moderation"))

    def appeals(self) -> Saw | Refused:
        return self._see("/v1/appeals")

    def report_reshare(
        self, reported_id: UUID | str, shared: str, account: str, *, reported_as: str = "guardian"
    ) -> Wrote | Refused:
        """Reports that something of the school's was shared elsewhere (S69, S71, S65)."""
        body = {"reported_as": reported_as, "reported_id": str(reported_id), "shared": shared, "account": account}
        return self._write("/v1/moderation/reshare-reports", body)

    def reshare_reports(self) -> Saw | Refused:
        return self._see("/v1/moderation/reshare-reports")

    def decide_reshare(
        self, report_id: UUID | str, outcome: str, reason: str, *, not_headteacher_because: str | None = None
    ) -> Wrote | Refused:
        """Confirms a report, which suspends at once (S70), or dismisses it."""
        body = {"outcome": outcome, "reason": reason} | _given(not_headteacher_because=not_headteacher_because)
        path = f"/v1/moderation/reshare-reports/{report_id}/decision"
        return self._write(path, body, rests_on=("identity", "moderation"))

    def records(self) -> Saw | Refused:
        """The safeguarding records (S77)."""
        return self._see("/v1/safeguarding/records")

    def record(self, record_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/safeguarding/records/{record_id}")

    def add_to_record(self, record_id: UUID | str, kind: str, text: str) -> Wrote | Refused:
        path = f"/v1/safeguarding/records/{record_id}/entries"
        return self._write(path, {"kind": kind, "text": text}, rests_on=("identity", "messaging", "moderation"))

    # -- erasure (S18, S20) ----------------------------------------------------------------------------------------

    def ask_for_erasure(self, subject_id: UUID | str) -> Wrote | Refused:
        """A guardian asks that their or their child's data is deleted; a pupil, theirs."""
        return self._write("/v1/erasure-requests", {"subject_id": str(subject_id)})

    def decide_erasure(self, subject_id: UUID | str, reason: str = "asked_by_person") -> Wrote | Refused:
        """The office or the Headteacher decides; an operator carries it out."""
        return self._write("/v1/erasures", {"subject_id": str(subject_id), "reason": reason})

    def erasures(self) -> Saw | Refused:
        return self._see("/v1/erasures")

    def erasure(self, erasure_id: UUID | str) -> Saw | Refused:
        return self._see(f"/v1/erasures/{erasure_id}")

    def held_about_me(self, service: str) -> Saw | Refused:
        """What a service holds about the person who is signed in (S19)."""
        return self._see(f"/v1/me/held/{service}")

    # -- how ---------------------------------------------------------------------------------------------------

    def _see(self, path: str, params: Mapping[str, str] | None = None) -> Saw | Refused:
        answer = self.bookbag.send("GET", path, self.token, params=params)
        return answer if isinstance(answer, Refused) else Saw(answer.json())

    def _write(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        key: str | None = None,
        rests_on: Sequence[str] = ("identity",),
    ) -> Wrote | Refused:
        return self._wrote(self.bookbag.send("POST", path, self.token, json=body, key=key, rests_on=rests_on))

    def _wrote(self, answer: httpx.Response | Refused) -> Wrote | Refused:
        if isinstance(answer, Refused):
            return answer
        return Wrote(
            status=answer.status_code,
            location=answer.headers.get("Location", ""),
            position=answer.headers.get(POSITION, ""),
            body=answer.json() if answer.content else {},
        )


def _given(**optional: Any) -> dict[str, Any]:
    return {name: value for name, value in optional.items() if value is not None}


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _school_time(answer: httpx.Response | Refused) -> datetime | Refused:
    return answer if isinstance(answer, Refused) else datetime.fromisoformat(answer.json()["now"])


def _refusal(answer: httpx.Response) -> Refused:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    return Refused(
        status=answer.status_code,
        code=str(body.get("code", "")),
        clause=body.get("clause"),
        detail=str(body.get("detail", "")),
        body=body,
    )
