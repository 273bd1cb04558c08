"""The one registry of codes: every refusal and error that a client can meet, in words that say what to do next.

A detail is read by parents, by staff and at times by pupils: short sentences, no blame (S08). Its {placeholders} are
facts that are nobody's: a number, a phone number of the school's office.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType

from shared.policy.clauses import ClauseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code, its HTTP status and its words.

    Attributes:
        clause: the clause of the policy that the code carries out; None for what is no rule of the policy.
    """

    name: str
    status: int
    title: str
    detail: str
    clause: ClauseId | None = None

    @property
    def facts(self) -> frozenset[str]:
        """The names of the facts that the detail needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.detail) if name)


_codes: dict[str, Code] = {}


def _code(name: str, status: int, title: str, detail: str, clause: str | None = None) -> Code:
    if name in _codes:
        raise ValueError(f"the code {name} is declared twice")
    made = Code(
        name=name, status=status, title=title, detail=detail, clause=None if clause is None else ClauseId(clause)
    )
    _codes[name] = made
    return made


CODES: Mapping[str, Code] = MappingProxyType(_codes)
"""Every code by its name."""

# What was sent could not be read.
MALFORMED_JSON = _code("MALFORMED_JSON", 400, "Not JSON", "We could not read what was sent. Please send JSON text.")
TOO_DEEP = _code(
    "TOO_DEEP", 400, "Nested too deeply", "What was sent has too many layers. Please use {limit} layers or fewer."
)
DUPLICATE_FIELD = _code(
    "DUPLICATE_FIELD", 400, "A field twice", "One field was sent twice. Please send each field once."
)
NUMBER_OUT_OF_RANGE = _code(
    "NUMBER_OUT_OF_RANGE", 400, "A number out of range", "One number is too big for us. Please send a smaller number."
)
TEXT_NOT_ALLOWED = _code(
    "TEXT_NOT_ALLOWED",
    400,
    "A hidden character",
    "The text holds a hidden character that we cannot keep. Please type the text again.",
)
BODY_TOO_LARGE = _code(
    "BODY_TOO_LARGE", 413, "Too large", "What was sent is too large. Please keep it under {limit} bytes."
)
LENGTH_REQUIRED = _code(
    "LENGTH_REQUIRED", 411, "Length needed", "We need to know how long the message is. Please send Content-Length."
)
ADDRESS_TOO_LONG = _code(
    "ADDRESS_TOO_LONG", 414, "Address too long", "This address is too long for us. Please check it and try again."
)
HEADERS_TOO_LARGE = _code(
    "HEADERS_TOO_LARGE", 431, "Headers too large", "What your app sent is too large. Please sign in again."
)
TOO_MANY_REQUESTS = _code(
    "TOO_MANY_REQUESTS", 429, "Too fast", "There were many requests in a short time. Please wait and try again."
)
UNSUPPORTED_MEDIA_TYPE = _code(
    "UNSUPPORTED_MEDIA_TYPE",
    415,
    "Kind not known",
    "We cannot read this kind here. Please send it as {kinds}.",
)
BAD_HEADER = _code("BAD_HEADER", 400, "A header we cannot read", "We could not read {header}. Please send it again.")
BAD_CURSOR = _code(
    "BAD_CURSOR", 400, "Page not found", "We could not find that page. Please start from the first page."
)
BODY_NOT_TAKEN = _code(
    "BODY_NOT_TAKEN", 400, "No content needed", "This request takes no content. Please send it without any."
)
INVALID_FIELDS = _code(
    "INVALID_FIELDS",
    422,
    "Some fields need a change",
    "Some fields need a change. Please look at each one and try again.",
)
IDEMPOTENCY_KEY_REQUIRED = _code(
    "IDEMPOTENCY_KEY_REQUIRED",
    400,
    "A key is needed",
    "Please send an Idempotency-Key of 1 to 128 letters, digits or signs, with no spaces.",
)
IDEMPOTENCY_KEY_REUSED = _code(
    "IDEMPOTENCY_KEY_REUSED",
    422,
    "Key already used",
    "This key was used before for something else. Please use a new key for a new request.",
)

# Who is asking.
NOT_SIGNED_IN = _code("NOT_SIGNED_IN", 401, "Not signed in", "You are not signed in. Please sign in and try again.")
SIGN_IN_FAILED = _code(
    "SIGN_IN_FAILED", 401, "Not signed in", "Those details do not match. Please check them and try again."
)
PRINCIPAL_EXPIRED = _code(
    "PRINCIPAL_EXPIRED", 401, "Sign-in check too old", "The check took too long. Please try again."
)
GATEWAY_ONLY = _code("GATEWAY_ONLY", 403, "Use the school's address", "Please use your school's Bookbag web address.")
SERVICE_ONLY = _code("SERVICE_ONLY", 401, "For our own services", "This page is for our own services only.")
CAPACITY_REQUIRED = _code(
    "CAPACITY_REQUIRED",
    422,
    "Choose how to sign in",
    "You can sign in here in more than one way. Please choose one and try again.",
)
TOO_MANY_ATTEMPTS = _code(
    "TOO_MANY_ATTEMPTS",
    429,
    "Too many tries",
    "There were many tries in a short time. Please wait and try again later.",
)
CODE_INVALID_OR_USED = _code(
    "CODE_INVALID_OR_USED",
    422,
    "This code does not work",
    "This code does not work. Please ask your child's teacher for a new one.",
    "S22",
)

# What is not there, or not for the caller to know of.
NOT_FOUND = _code("NOT_FOUND", 404, "Not found", "We could not find this. Please check the address.")
DEVELOPMENT_ONLY = _code("DEVELOPMENT_ONLY", 404, "Not found", "We could not find this. Please check the address.")
CLOCK_FORWARD_ONLY = _code(
    "CLOCK_FORWARD_ONLY",
    409,
    "Forward only",
    "This clock only goes forward. Please choose a time that is still to come.",
)
METHOD_NOT_ALLOWED = _code(
    "METHOD_NOT_ALLOWED", 405, "Not possible here", "This cannot be done at this address. Please check the guide."
)

# Who may do what.
STAFF_ONLY = _code("STAFF_ONLY", 403, "For staff", "Only school staff can do this. Please ask a teacher.", "S32")
NOT_YOUR_AREA = _code(
    "NOT_YOUR_AREA", 403, "Another pupil's area", "This is another pupil's area. Please go back to your own.", "S31"
)
NOT_CLASS_TEACHER = _code(
    "NOT_CLASS_TEACHER",
    403,
    "For the class teacher",
    "Only a teacher of this class can do this. Please ask the class teacher.",
    "S22",
)
HEADTEACHER_ONLY = _code(
    "HEADTEACHER_ONLY",
    403,
    "For the Headteacher",
    "Only the Headteacher can decide this. Please ask the Headteacher.",
    "S06",
)
LEADERS_ONLY = _code(
    "LEADERS_ONLY",
    403,
    "For school leaders",
    "Only the Headteacher or the Deputy can do this. Please ask one of them.",
)
OFFICE_ONLY = _code("OFFICE_ONLY", 403, "For the office", "Only the school office can do this. Please ask the office.")
OPERATOR_ONLY = _code(
    "OPERATOR_ONLY", 403, "For the Bookbag team", "Only the people who run Bookbag can do this. Please ask the office."
)
GUARDIANS_ONLY = _code(
    "GUARDIANS_ONLY", 403, "For parents and carers", "Only parents and carers can do this. Please ask at home."
)
PUPILS_ONLY = _code(
    "PUPILS_ONLY",
    403,
    "For pupils",
    "Pupils choose this for themselves. Please let the pupil sign in and choose.",
    "S30",
)
NOT_ALLOWED = _code("NOT_ALLOWED", 403, "Not for you to do", "You cannot do this here. Please ask the school office.")
TERMS_NOT_ACCEPTED = _code(
    "TERMS_NOT_ACCEPTED",
    403,
    "Please accept the policy",
    "Please read and accept the policy (version {version}) first.",
    "S05",
)
CONSENT_REQUIRED = _code(
    "CONSENT_REQUIRED", 403, "Your say is needed", "Please give your permission first, and then try again.", "S15"
)
ACCESS_RESTRICTED = _code(
    "ACCESS_RESTRICTED",
    403,
    "Please ask the office",
    "We cannot do this online. Please phone the school office.",
    "S26",
)
SUSPENDED = _code(
    "SUSPENDED",
    403,
    "Your account is paused",
    "Your account is paused. You can read the reasons here, or phone the school office: {phone}.",
    "S70",
)
REMOVED = _code(
    "REMOVED",
    403,
    "Your account is closed",
    "Your account is closed. You can read the reasons here, or phone the school office: {phone}.",
    "S73",
)

# Rules about messages, and what follows from them.
WARNING_UNREAD = _code(
    "WARNING_UNREAD",
    403,
    "Please read this first",
    "The school has sent you a warning. Please read it first, and then send your message.",
    "S73",
)
NOT_YOUR_CHILDS_TEACHER = _code(
    "NOT_YOUR_CHILDS_TEACHER",
    403,
    "Your child's teacher only",
    "You can write to your own child's class teacher here. Please choose your child's class.",
    "S46",
)
CLASS_HAS_MOVED_ON = _code(
    "CLASS_HAS_MOVED_ON",
    409,
    "Your child has a new class",
    "Your child is in another class now. Please start a new message to the new teacher.",
    "S46",
)
NOT_A_RECIPIENT = _code(
    "NOT_A_RECIPIENT",
    403,
    "Not sent to you",
    "Only staff who got this message can report it. Please talk to a school leader.",
    "S75",
)
WRONG_CATEGORY = _code(
    "WRONG_CATEGORY",
    422,
    "Please choose again",
    "This reason does not go with this kind of report. Please choose another one.",
    "S75",
)
DECIDED_BEFORE = _code(
    "DECIDED_BEFORE",
    409,
    "Decided before",
    "This was decided before, and the decision stands. There is nothing more to do.",
    "S06",
)
SAY_WHY_NOT_HEADTEACHER = _code(
    "SAY_WHY_NOT_HEADTEACHER",
    422,
    "Please say why",
    "Please say why the Headteacher did not decide this, and then try again.",
    "S06",
)
NOT_SANCTIONED = _code(
    "NOT_SANCTIONED",
    409,
    "Nothing to change",
    "There is nothing like this in place for this person. Please look at the page again.",
    "S06",
)
CASE_WAITS = _code(
    "CASE_WAITS",
    503,
    "News is on its way",
    "Some news about this family has not come through yet. Please wait: the Bookbag team has been told.",
    "S06",
)

# Rules about people and classes.
PARENT_LIMIT = _code(
    "PARENT_LIMIT",
    409,
    "All places are taken",
    "{limit} adults are already linked. Please speak to your child's teacher.",
    "S27",
)
YEAR_OUT_OF_RANGE = _code(
    "YEAR_OUT_OF_RANGE",
    422,
    "Not a year group here",
    "Our year groups are N, R and Y1 to Y6. Please choose one of them.",
    "S23",
)
NOT_ON_ROLL = _code(
    "NOT_ON_ROLL",
    422,
    "Not on our list",
    "This pupil is not on the school's list. Please ask the school office.",
    "S25",
)
ROSTER_INVALID = _code(
    "ROSTER_INVALID",
    422,
    "The list needs a change",
    "Nothing was brought in. Please change the rows named below and send the list again.",
)

# Rules about erasure.
ERASED_BEFORE = _code(
    "ERASED_BEFORE",
    409,
    "Deleted before",
    "This person's data was deleted before, for good. Please ask the school office.",
    "S20",
)
WORKS_HERE = _code(
    "WORKS_HERE",
    409,
    "Still needed for work",
    "This person works at the school, so we still need their data. Please ask again when they leave.",
    "S20",
)
KEPT_FOR_SAFETY = _code(
    "KEPT_FOR_SAFETY",
    409,
    "Kept to keep children safe",
    "The law asks us to keep this, to keep children safe. You can ask the office, or tell the ICO (ico.org.uk).",
    "S20",
)
KEPT_FOR_FAIRNESS = _code(
    "KEPT_FOR_FAIRNESS",
    409,
    "Kept to be fair",
    "We keep notes on what was decided, to be fair to all. You can ask the office, or tell the ICO (ico.org.uk).",
    "S20",
)

# Rules about points.
POSITIVE_ONLY = _code(
    "POSITIVE_ONLY",
    422,
    "Points are for positive behaviour",
    "Points are for positive behaviour. Please choose 1 point or more.",
    "S33",
)
POINTS_OUT_OF_RANGE = _code(
    "POINTS_OUT_OF_RANGE",
    422,
    "Too many points at once",
    "You can give up to {limit} points at a time. Please choose fewer.",
    "S33",
)
UNLINKED_BEHAVIOUR = _code(
    "UNLINKED_BEHAVIOUR",
    422,
    "Choose a value or a rule",
    "Each point goes with a school value or rule. Please choose one that is in use.",
    "S34",
)
ALREADY_REVOKED = _code(
    "ALREADY_REVOKED",
    409,
    "Already taken back",
    "These points were taken back before. There is nothing more to do.",
    "S33",
)

# Rules about pictures.
MEDIA_NOT_AN_IMAGE = _code(
    "MEDIA_NOT_AN_IMAGE",
    422,
    "Not a picture we can read",
    "We could not read this as a picture. Please choose a photo saved as JPEG, PNG or WebP.",
)
MEDIA_TOO_LARGE = _code(
    "MEDIA_TOO_LARGE",
    422,
    "Too large a picture",
    "This picture is too large for us. Please make it smaller and send it again.",
)
MEDIA_ANIMATED = _code(
    "MEDIA_ANIMATED",
    422,
    "A moving picture",
    "This picture moves, and we can only keep still ones. Please choose another one.",
)

# Rules about whom a story shows or names.
PERMISSION_LIST_UNREAD = _code(
    "PERMISSION_LIST_UNREAD",
    409,
    "Please read the list first",
    "The list of who may be shown has changed. Please read it, confirm it, and try again.",
    "S62",
)
NO_PHOTO_PERMISSION = _code(
    "NO_PHOTO_PERMISSION",
    422,
    "Not to be shared",
    "We may not share this of every child here. Please take out the children named below.",
    "S63",
)
MEDIA_UNTAGGED = _code(
    "MEDIA_UNTAGGED",
    422,
    "Who is in the picture?",
    "Please say who is in each picture, or that no child is in it.",
    "S63",
)

# Rules about what a text may say.
FULL_NAME_USED = _code(
    "FULL_NAME_USED",
    422,
    "First names only",
    "We use first names only. Please take out the child's last name and send it again.",
    "S57",
)
INITIAL_NOT_NEEDED = _code(
    "INITIAL_NOT_NEEDED",
    422,
    "No letter needed",
    "This class does not have two children of this name. Please take out the letter after it.",
    "S58",
)
NAME_DOUBTFUL = _code(
    "NAME_DOUBTFUL",
    422,
    "Please check a name",
    "This may be a child's full name. Please change it, or tell us that it is fine.",
    "S57",
)
SENSITIVE_IN_STORY = _code(
    "SENSITIVE_IN_STORY",
    422,
    "Please send this privately",
    "Please send this privately. It may be about one child alone. If it is not, please tell us so.",
    "S61",
)

# What may work in a moment.
CONFLICT = _code(
    "CONFLICT", 409, "Changed meanwhile", "Someone changed this at the same time. Please look again and try again."
)
PRECONDITION_FAILED = _code(
    "PRECONDITION_FAILED",
    412,
    "Changed meanwhile",
    "This has changed since you opened it. Please look again and try again.",
)
NOT_YET_VISIBLE = _code(
    "NOT_YET_VISIBLE", 503, "Not here yet", "Your change is safe but not shown here yet. Please try again in a moment."
)
UNAVAILABLE = _code(
    "UNAVAILABLE", 503, "Please try again", "We cannot do this right now. Please try again in a moment."
)
OUTCOME_UNKNOWN = _code(
    "OUTCOME_UNKNOWN",
    503,
    "Please try again",
    "We are not sure that this was saved. It is safe to send it again with the same key.",
)
INTERNAL = _code(
    "INTERNAL",
    500,
    "A problem on our side",
    "We had a problem on our side. Please try again later, or tell the office.",
)
