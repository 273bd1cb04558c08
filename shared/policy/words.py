"""The policy's 81 clauses as data: each with its own words, and what this software owes for it (S11).

The words are the policy's. Where they name the school, its office or who wrote them, they have a placeholder, for
those are facts of a school and not of the rule.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from string import Formatter
from types import MappingProxyType

from shared.policy.clauses import ClauseId


class Section(StrEnum):
    """The policy's parts, in its order."""

    DOCUMENT = "The document"
    ACCESS = "Access and joining"
    PUPILS = "Pupils"
    POINTS = "Points"
    STORIES = "Stories, portfolios and remote learning"
    MESSAGES = "Messages and working time"
    STAFF = "Staff and what they post"
    MISUSE = "Misuse and safeguarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a school fills in. What it has not said has neutral words."""

    school: str = "the school"
    author: str = "the policy's author"
    office_email: str = "the school office"
    help_link: str = "the school's website"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause.

    Attributes:
        words: the policy's own, with the placeholders of `Named`.
        owes: what the software has to do about it, in one sentence.
    """

    id: ClauseId
    section: Section
    words: str
    owes: str

    def said_to(self, named: Named) -> str:
        """The words as one school reads them."""
        found = self.words.format(**asdict(named))
        # Neutral words may come to stand at the head of a sentence, where a school's name would have.
        return found[:1].upper() + found[1:] if self.words.startswith("{") else found

    @property
    def placeholders(self) -> frozenset[str]:
        """What of `Named` the words need."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.words) if name)


def _says(words: str, owes: str) -> tuple[str, str]:
    return words, owes


_TEXT: Mapping[Section, Mapping[str, tuple[str, str]]] = {
    Section.DOCUMENT: {
        "S01": _says("Completed by: {author}", "A version of the policy names who wrote it."),
        "S02": _says(
            "Date Issued: 2nd November 2020",
            "A version has a day of issue, which is not the day it takes effect.",
        ),
        "S03": _says(
            "Approved by Governors: 1st March 2021",
            "A version takes effect when the governors approve it; until then it is issued and not yet approved.",
        ),
        "S04": _says(
            "Review Date: 2nd November 2021",
            "A review is due from 30 days before its day and overdue after it, and the service goes on all the same.",
        ),
        "S05": _says(
            "{school}'s staff and parents/carers who participate in ClassDojo agree to the terms set out in this"
            " policy.",
            "Staff and guardians accept the version in force before they write anything, and again when it changes.",
        ),
        "S06": _says(
            "If these terms are breached, the Headteacher will decide on an appropriate course of action.",
            "Every outcome of a breach is the Headteacher's decision, with its reason; for staff as for parents.",
        ),
        "S07": _says(
            "For more information about ClassDojo please refer to: {help_link}",
            "The school's profile has a link for help.",
        ),
        "S08": _says(
            "At {school}, we believe in providing a safe, welcoming, happy, calm and purposeful school environment in"
            " which children can learn effectively and reach the highest standards of which they are capable.",
            "What the system says is calm, blames nobody and can be read by a child of eleven.",
        ),
        "S09": _says(
            "Our core values are at the heart of everything we do with the aspiration that we are all the best that we"
            " can be and treat others the way we wish to be treated.",
            "The school's values and rules are data that its leaders define, and points link to them.",
        ),
        "S10": _says(
            "We believe that the partnership between home and school plays a vital role in children's education and"
            " that all members of the school community should be valued and supported equally.",
            "No child is ranked for others to see, and staff see whom nobody has noticed for a while.",
        ),
        "S11": _says(
            "In order for the system to work efficiently and effectively, this document will highlight the"
            " stipulations around use from teachers and parents/carers in order to keep ClassDojo safe and a positive"
            " communicative tool.",
            "Every clause can be read in its own words, and a refusal names the clause it rests on.",
        ),
    },
    Section.ACCESS: {
        "S12": _says(
            "ClassDojo is an online tool which offers many useful features including: behaviour management, remote"
            " learning, parent/carer and teacher communication as well as class stories. {school} will use ClassDojo"
            " for all of these features.",
            "Points, portfolios, messages and stories are all there.",
        ),
        "S13": _says(
            "ClassDojo is free and works on any iOS/Android/Kindle Fire device or web browser.",
            "Nothing costs a family anything, and a plain browser is enough.",
        ),
        "S14": _says(
            "Parents/carers can also read all Class Story posts in their preferred language instantly.",
            "A story is shown in the reader's language beside the original, without leaving the installation.",
        ),
        "S15": _says(
            "ClassDojo is GDPR compliant and parents/carers give permission for the school to process their child's"
            " data on the system when they sign up.",
            "Permission is part of signing up, and nothing of a child is shown before it; it can be withdrawn.",
        ),
        "S16": _says(
            "All information on ClassDojo is private between teachers, parents/carers and students.",
            "Who is not related to a thing cannot read it, and is not told that it exists.",
        ),
        "S17": _says(
            "Information is never sold",
            "The installation calls nobody but its own parts, and its pages ask nobody else.",
        ),
        "S18": _says(
            "ClassDojo permanently deletes students' personal information when they stop using ClassDojo.",
            "When a pupil's key is destroyed no log, read model or backup gives their personal data any more.",
        ),
        "S19": _says(
            "Teachers, parents/carers and students can always access [...] their information at any time.",
            "Everyone reads what is held about them, also while suspended or removed.",
        ),
        "S20": _says(
            "Teachers, parents/carers and students can always [...] delete their information at any time.",
            "Everyone can ask for erasure and is told, record by record, what was erased, what was kept and why.",
        ),
        "S21": _says(
            "We use ClassDojo to communicate securely with parents/carers about their children online.",
            "Passwords and tokens are kept as hashes, sessions end, and guessing is made to wait.",
        ),
        "S22": _says(
            "Class teachers will send parents/carers a passcode which connects them to their child's account.",
            "A class teacher issues a code for one child that works once, expires, and is refused in one way only.",
        ),
        "S23": _says(
            "We use ClassDojo from Nursery through to Year 6.",
            "Year groups are N, R and Y1 to Y6, and no other.",
        ),
        "S24": _says(
            "Alternatively, parents/carers can contact the office by emailing {office_email} to request a joining link"
            " to be sent to their email address.",
            "The office sends a joining link to an address that the roll has, and a stranger learns nothing.",
        ),
        "S25": _says(
            "ClassDojo is only available to parents/carers and children registered at the school.",
            "Who is on the roster has access, and it ends when they, or the last of their children, leave.",
        ),
        "S26": _says(
            "Only parents/carers or legal guardians will be given access codes to ClassDojo.",
            "A linked adult's relationship to the child is recorded, and a link that was cut counts at once.",
        ),
        "S27": _says(
            "It is expected that up to two parents will be linked to a child's account",
            "As many adults are linked to each child as the school's limit says, which is two.",
        ),
        "S28": _says(
            "any additional adults can be accepted in special circumstances. Please speak to your child's teacher"
            " regarding this.",
            "A teacher approves one more named adult for one child, with a reason, and can take it back.",
        ),
    },
    Section.PUPILS: {
        "S29": _says(
            "Pupils will have the opportunity to login to their own area of ClassDojo",
            "A pupil signs in to their own area and has no messages.",
        ),
        "S30": _says("and change their avatar", "A pupil chooses an avatar from a fixed set."),
        "S31": _says(
            "as well as view their dojo points.",
            "A pupil sees their own points, each with its reason, and nobody else's.",
        ),
    },
    Section.POINTS: {
        "S32": _says(
            "pupils will collect Dojo points from staff members",
            "Only teaching staff and leaders give points.",
        ),
        "S33": _says(
            "when they show positive behaviours",
            "A point is positive, and a correction takes it back without deleting it.",
        ),
        "S34": _says(
            "linked to our school values and school rules.",
            "Every award names a behaviour that is linked to a value or rule in use.",
        ),
        "S35": _says("Digital Sticker points", "Points are stickers: they buy nothing and cost nothing."),
        "S36": _says(
            "Parents/carers can view their child's points total",
            "A guardian sees their own child's total, the same as the child sees.",
        ),
    },
    Section.STORIES: {
        "S37": _says(
            "The system offers a social media style interface which manages the flow of frequent information from"
            " school to home.",
            "The feed is newest first, in pages, and only staff post.",
        ),
        "S38": _says(
            "We will use ClassDojo to keep in touch with you about school events, send reminders, send celebratory"
            " messages about learning and activities",
            "A post is news, a celebration, a reminder, an update or an event, and an event has a date.",
        ),
        "S39": _says(
            "and provide remote learning when needed.",
            "Remote learning is opened for a child or a class for a time.",
        ),
        "S40": _says(
            "Class Story - general class news and celebrations, reminders and updates.",
            "A class's story is seen by its staff, its pupils and their adults, and by nobody else.",
        ),
        "S41": _says(
            "Pupil Portfolios - if your child requires work at home for remote learning (i.e. during Covid-19"
            " isolation), work will be set by the class teacher on their Pupil Portfolio.",
            "Only the class teacher of a pupil sets work, and the pupil hands it in.",
        ),
        "S42": _says(
            "For further information, please see our Remote Learning Policy (available on our website) or at the"
            " school office.",
            "The school's linked policies are listed with their address and version.",
        ),
        "S43": _says(
            "Parents/carers can view their child's points total and story feed.",
            "A guardian sees what is of their own child and of no other.",
        ),
        "S44": _says(
            "Parents/carers will understand that the number of posts will not be consistent from week to week and will"
            " be dependent on events that are happening in school.",
            "Nothing counts, ranks or asks for posts.",
        ),
        "S45": _says(
            "The number and content of posts may also differ across year groups.",
            "Nothing compares classes by their posts.",
        ),
    },
    Section.MESSAGES: {
        "S46": _says(
            "They can also message their child's class teacher.",
            "A guardian and the class teachers of their child write to each other, and nobody else does.",
        ),
        "S47": _says(
            "Parents/carers can message teachers using ClassDojo, however please note that a response may only be given"
            " during the hours of 8am - 5pm on Monday-Friday.",
            "Working time is 08:00 up to 17:00 in London, Monday to Friday, less closures and bank holidays.",
        ),
        "S48": _says(
            "Parents/carers should be aware that teachers will not necessarily respond to messages straight away,",
            "A message is acknowledged by the system with the time by which an answer may be expected.",
        ),
        "S49": _says(
            "but will endeavour to do so within 24 hours during working days.",
            "An answer is expected by the same local time on the next working day; being late is no offence.",
        ),
        "S50": _says(
            "They may also not read the message that you have sent until the end of the day due to their teaching"
            " commitments.",
            "A parent is not shown whether or when a message was read.",
        ),
        "S51": _says(
            "Parents/carers should be aware that an immediate response cannot be expected, as the main priority of"
            " staff is to teach, and a response will be given as soon as possible, during working hours.",
            "Who writes what sounds urgent is told whom to phone, and can send it all the same.",
        ),
        "S52": _says(
            "Information that is sensitive and private should be sent to the teacher via the private messaging platform"
            " and will remain confidential.",
            "A conversation is read by its two sides alone; two parents of one child have two.",
        ),
        "S53": _says(
            "Should a staff member be unable to answer a question via the messaging system, they should ask the parent"
            " to phone the school directly.",
            "Staff can ask a parent to phone, with the office's number, and no answer is waited for any more.",
        ),
    },
    Section.STAFF: {
        "S54": _says(
            "Teachers and support staff are encouraged to post updates on their class page - the amount is at their"
            " discretion",
            "Teachers and support staff post for their own class, as often as they like.",
        ),
        "S55": _says(
            "and may include regular reminder posts about swimming/PE days/homework deadlines and other important class"
            " events such as trips or assemblies.",
            "A reminder can come again, and a post can wait for its time.",
        ),
        "S56": _says(
            "In addition, celebrations of work should be shared either individually to parents/carers or via the class"
            " page.",
            "A piece of work is shown to one child's family or to the class, and which is recorded.",
        ),
        "S57": _says(
            "Teachers will only use the first names of the children when posting pictures or messages on ClassDojo",
            "Staff's texts are refused while a pupil's full name stands in them.",
        ),
        "S58": _says(
            "(they may, on occasions, use the first initial of a child's surname - if there is more than one child that"
            " shares the same first name within that class).",
            "An initial is let pass only where two of that class share the first name.",
        ),
        "S59": _says(
            "Teachers are respectfully reminded to not engage in any conversations about personal matters via the class"
            " page or the messaging service",
            "Staff are reminded before they send, and a concern about it goes to the Headteacher.",
        ),
        "S60": _says(
            "(linked with {school}'s Internet Acceptable Use Policy and Staff Code of Conduct Policy).",
            "A record of a breach can cite the linked policies.",
        ),
        "S61": _says(
            "Information that is considered sensitive or private will be communicated with parents/carers only via the"
            " private messaging platform, not through Class Story or Student Story.",
            "A post with a sensitive word near a child's name is held until its writer confirms it.",
        ),
        "S62": _says(
            "Teachers are to make themselves fully aware of the children who do not have permission to have their"
            " photographs shared on websites and social media.",
            "The class's permission list is read before anything is shared, and read again when it changed.",
        ),
        "S63": _says(
            "Teachers will share photos, digital recordings, messages and work samples only for students whose"
            " parents/carers have given permission that this information can be shared.",
            "What shows or names a pupil is tagged and needs a yes for its kind and no no; silence is no.",
        ),
        "S64": _says(
            "only for students whose parents/carers have given permission that this information can be shared.",
            "When permission is withdrawn, what was posted with the child is hidden from everyone.",
        ),
        "S65": _says(
            "Teachers cannot share content published on ClassDojo on their personal social media accounts.",
            "Re-sharing by staff can be reported, and the report is the Headteacher's to decide.",
        ),
        "S66": _says(
            "Teachers may check and reply to their messages outside of these working hours, but are not required to.",
            "Staff may write at any hour, and nothing asks them to.",
        ),
        "S67": _says(
            "It is not expected that you will need the app on your mobile device,",
            "All that staff do works in a desktop's browser.",
        ),
        "S68": _says(
            "please be mindful of the impact this may have on your personal time if you do decide to have the app on"
            " your mobile device.",
            "Who turns notices on is shown this first.",
        ),
    },
    Section.MISUSE: {
        "S69": _says(
            "Parents/carers are reminded that they should not take images from ClassDojo and post them elsewhere"
            " online. What is posted in Dojo stays in Dojo.",
            "Anyone in the school can report re-sharing, with what they saw.",
        ),
        "S70": _says(
            "Breaching this requirement will lead to account suspension.",
            "Confirmed re-sharing suspends at once, with no warning before; the Headteacher can lift it.",
        ),
        "S71": _says(
            "Parents/carers cannot share photographs, messages or work samples published on ClassDojo on their personal"
            " social media accounts due to a breach of privacy.",
            "A report says which kind was shared: a photograph, a message or a work sample.",
        ),
        "S72": _says(
            "Parents/carers who share private or confidential material or information may be removed from ClassDojo.",
            "After a suspension the Headteacher lifts it, keeps it, or removes.",
        ),
        "S73": _says(
            "Please note; parents/carers who do not use the messaging system appropriately will be given one warning"
            " before being removed from ClassDojo.",
            "The first confirmed misuse warns; one that was sent after the warning was delivered removes.",
        ),
        "S74": _says(
            "who do not use the messaging system appropriately",
            "The warning is for messages alone: re-sharing neither needs it nor uses it up.",
        ),
        "S75": _says(
            "Should teachers receive any messages which they find inappropriate,",
            "Staff who received a message can flag it; it is not altered, and the parent is not told of the flag.",
        ),
        "S76": _says(
            "they should see the Deputy Headteacher/Headteacher as soon as possible",
            "A flag alerts Headteacher and Deputy until one acknowledges it, and one of them is never told of their"
            " own.",
        ),
        "S77": _says(
            "and record on CPOMs.",
            "A flag opens a safeguarding record with the message as it was sent, which can only be added to.",
        ),
        "S78": _says(
            "Staff should be aware of the working hours (Monday-Friday 8am to 5pm) surrounding ClassDojo and that"
            " parents/carers may message outside of these times.",
            "The hour at which a parent writes is never a ground for anything.",
        ),
        "S79": _says(
            "ClassDojo is GDPR compliant",
            "Every kind of personal data says who opens it, who decides on its erasure and how long it is kept.",
        ),
        "S80": _says(
            "Parents/carers will understand that the number of posts will not be consistent",
            "What to expect is said at sign-up, and nothing lets anyone demand posts.",
        ),
        "S81": _says(
            "as the main priority of staff is to teach,",
            "Nothing disturbs staff in lessons but a safeguarding alert.",
        ),
    },
}

WORDS: Mapping[ClauseId, Clause] = MappingProxyType(
    {
        ClauseId(name): Clause(id=ClauseId(name), section=section, words=words, owes=owes)
        for section, clauses in _TEXT.items()
        for name, (words, owes) in clauses.items()
    }
)
"""Every clause by its id, in the policy's order."""
