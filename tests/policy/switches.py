"""Each rule of the policy with its switch: turned off, the tests that bear the clause must fail.

A fault of tests/controls that takes a rule away is a switch as well, and is taken from there. docs/policy.md calls a
clause enforced only where `make policy-proof` has seen its switch noticed.
"""

from shared.policy.clauses import ClauseId
from tests.controls.seeded_faults import FAULTS
from tests.policy.registry import FAST, Switch, clauses_of

_FAULTS = {fault.name: fault for fault in FAULTS}


def a_switch(clauses: str, without: str, file: str, find: str, replace: str, *caught_by: str) -> Switch:
    ids = tuple(ClauseId(name) for name in clauses.split())
    return Switch(clauses=ids, without=without, file=file, find=find, replace=replace, caught_by=caught_by)


def seeded(clauses: str, name: str, *caught_by: str) -> Switch:
    """A switch that is a seeded fault; its tests are those of the fault that bear the clause, unless others are named.

    Raises:
        KeyError: there is no fault of this name.
    """
    fault, ids = _FAULTS[name], clauses.split()
    tests = caught_by or tuple(
        test for test in fault.caught_by if test.startswith(FAST) and clauses_of(test).intersection(ids)
    )
    without = name.partition(": ")[2] or name
    return a_switch(clauses, without, fault.file, fault.find, fault.replace, *tests)


VERSIONS = "tests/unit/test_policy_versions.py"
REPLIES = "tests/unit/test_messaging_reply.py"
WORDS = "tests/unit/test_policy_words.py"
LINKED = "tests/unit/test_policy_linked.py"
PARAMETERS = "tests/unit/test_policy_parameters.py"
EXPECTED = "tests/unit/test_stories_expectations.py"
AVATAR = "tests/unit/test_identity_avatar.py"
CODES = "tests/unit/test_policy_codes.py"
PROMISES = "tests/repo/test_promises.py"
POINTS = "tests/unit/test_points_domain.py"
MAY_POINT = "tests/unit/test_points_permission.py"
PEOPLE = "tests/unit/test_identity_people.py"
MAY_KNOW_PEOPLE = "tests/unit/test_identity_permission.py"
ROSTER = "tests/unit/test_identity_oneroster.py"
IMPORT = "tests/unit/test_identity_roster_import.py"
SHARING = "tests/unit/test_identity_sharing.py"
CONCERNED = "tests/unit/test_privacy_erasure.py"
ERASURE = "tests/unit/test_identity_erasure.py"
PASSWORDS = "tests/unit/test_identity_passwords.py"
PUPILS = "tests/unit/test_pupils_area.py"
KINDS = "tests/unit/test_privacy_categories.py"
CLOCK = "tests/unit/test_policy_working_time.py"
PARTIES = "tests/unit/test_messaging_permission.py"
MESSAGES = "tests/unit/test_messaging_domain.py"
SHOWN = "tests/unit/test_messages_shown.py"
URGENT = "tests/unit/test_policy_urgent.py"
NAMES = "tests/unit/test_policy_first_names.py"
SENSITIVE = "tests/unit/test_policy_sensitive.py"
CONDUCT = "tests/unit/test_moderation_conduct.py"
CASES = "tests/unit/test_moderation_case.py"
RECORDS = "tests/unit/test_moderation_record.py"
RESHARES = "tests/unit/test_moderation_reshare.py"
DECIDED = "tests/unit/test_moderation_commands.py"
MAY_KNOW_CASES = "tests/unit/test_moderation_permission.py"
MAY_POST = "tests/unit/test_stories_permission.py"
STORY = "tests/unit/test_stories_domain.py"

CLASS_STORIES = (
    f"{MAY_POST}::test_S16_S40_S43_a_class_s_stories_are_read_by_its_staff_pupils_and_their_guardians_and_nobody_else"
)

DOCUMENT = (
    a_switch(
        "S01",
        "the author that a school names is not the author that is shown",
        "services/identity/policy_api.py",
        '"completed_by": named.author,',
        '"completed_by": Named().author,',
        f"{VERSIONS}::test_S01_a_version_names_who_wrote_it_as_the_school_says",
    ),
    a_switch(
        "S01",
        "a school cannot name its policy's author",
        "services/identity/policy_api.py",
        "author=parameters.policy_author or neutral.author,",
        "author=neutral.author,",
        f"{LINKED}::test_S01_a_school_names_the_author_of_its_policy",
    ),
    a_switch(
        "S02",
        "a version is there before its day of issue",
        "shared/policy/versions.py",
        "        if day < self.issued_on:\n",
        "        if False:\n",
        f"{VERSIONS}::test_S02_a_version_is_there_from_its_day_of_issue_and_that_puts_it_in_force_for_nobody",
    ),
    a_switch(
        "S03",
        "a version stands as approved as soon as it is issued",
        "shared/policy/versions.py",
        "        if self.approved_on is None or day < self.approved_on:",
        "        if False:",
        f"{VERSIONS}::test_S03_until_the_governors_approve_it_a_version_is_issued_and_not_yet_approved",
        f"{VERSIONS}::test_S03_a_decision_before_the_approval_says_so",
    ),
    a_switch(
        "S03",
        "a version governs from its day of issue",
        "shared/policy/versions.py",
        "        if self.approved_on is None:\n            return None",
        "        if self.approved_on is None:\n            return self.issued_on",
        f"{VERSIONS}::test_S03_a_version_that_nobody_approved_never_governs",
    ),
    a_switch(
        "S04",
        "a review is overdue on its own day, or never",
        "shared/policy/versions.py",
        "        if day > self.review_on:\n",
        "        if day >= self.review_on:\n",
        f"{VERSIONS}::test_S04_a_review_is_due_thirty_days_before_its_day_and_overdue_after_it",
    ),
    a_switch(
        "S04",
        "nobody is told that a review is due",
        "services/identity/policy_api.py",
        "    return None if state is Review.NOT_DUE else state",
        "    return None",
        f"{VERSIONS}::test_S04_leaders_and_governors_are_told_that_a_review_is_due_and_nobody_else_is",
    ),
    seeded("S06", "S06: any staff lead"),
    seeded("S06", "S06: the Deputy need not say why"),
    seeded("S06", "S06: a dismissed case is decided again"),
    seeded("S06", "S06: the Deputy reinstates", f"{DECIDED}::test_S06_what_is_the_headteacher_s_is_no_deputy_s"),
    a_switch(
        "S07",
        "a school's link for help is not shown",
        "services/identity/policy_api.py",
        '"help_link": chosen.help_link or None,',
        '"help_link": None,',
        f"{LINKED}::test_S07_a_school_s_policy_says_where_there_is_more_information",
    ),
    a_switch(
        "S08",
        "a refusal blames",
        "shared/policy/codes.py",
        '"You are not signed in. Please sign in and try again."',
        '"You failed to sign in. This is forbidden."',
        f"{CODES}::test_S08_each_code_says_calmly_what_happened_and_what_to_do_next",
    ),
    a_switch(
        "S09",
        "anybody on the staff defines the school's values",
        "services/points/domain/permission.py",
        "    if caller.roles.isdisjoint(LEADERS):\n        raise Refusal(LEADERS_ONLY)",
        "    if False:\n        raise Refusal(LEADERS_ONLY)",
        f"{MAY_POINT}::test_S09_values_are_defined_by_leaders",
    ),
    a_switch(
        "S10",
        "a whole class's points are shown to whoever asks",
        "services/points/domain/permission.py",
        "        case Capacity.STAFF if leads(caller) or class_id in caller.classes:",
        "        case Capacity.STAFF | Capacity.GUARDIAN | Capacity.PUPIL:",
        f"{MAY_POINT}::test_S10_a_class_s_points_are_for_its_staff_and_leaders",
    ),
    a_switch(
        "S10",
        "children are ranked",
        "services/points/schemas.py",
        "class PupilPoints(Schema):\n",
        "class PupilPoints(Schema):\n    rank = StrictInt()\n",
        f"{PROMISES}::test_S10_nobody_is_ranked",
    ),
    a_switch(
        "S11",
        "the clauses are shown as bare ids",
        "services/identity/policy_api.py",
        "            for one in WORDS.values()\n",
        "            for one in ()\n",
        f"{WORDS}::test_S11_whoever_asks_reads_all_clauses_with_their_words",
        f"{WORDS}::test_S11_a_school_reads_its_own_name_and_its_office_s_address",
    ),
)

ACCESS = (
    a_switch(
        "S12",
        "stories are not installed",
        "deploy/services.py",
        '"stories", "messaging"',
        '"messaging"',
        f"{PROMISES}::test_S12_points_messages_and_stories_are_all_installed_and_have_their_paths",
    ),
    a_switch(
        "S13 S35",
        "points can be redeemed for something",
        "shared/events/points.py",
        "    points: int\n    roster_position: int",
        "    points: int\n    redeem_cost: int\n    roster_position: int",
        f"{PROMISES}::test_S13_S35_nothing_costs_anything_and_points_buy_nothing",
    ),
    a_switch(
        "S13",
        "the API's page needs a script",
        "deploy/gateway/api_page.py",
        '<link rel="stylesheet" href="/bookbag.css">',
        '<link rel="stylesheet" href="/bookbag.css"><script src="/bookbag.js"></script>',
        f"{PROMISES}::test_S13_the_pages_are_read_without_a_script",
    ),
    seeded("S16", "S16: any staff see any class"),
    seeded("S16", "S16: whoever is enrolled as a teacher is one"),
    seeded("S16", "S06: the safeguarding lead decides"),
    a_switch(
        "S17",
        "a service of somebody else's is told what happens",
        "services/points/queries.py",
        "from uuid import UUID\n",
        "from uuid import UUID\nimport urllib.request\n",
        f"{PROMISES}::test_S17_no_module_of_the_product_calls_anybody_but_the_installation_s_own_parts",
    ),
    a_switch(
        "S17",
        "the pages may ask anybody",
        "deploy/gateway/render.py",
        "default-src 'self'; base-uri",
        "default-src *; base-uri",
        f"{PROMISES}::test_S17_a_browser_that_shows_the_pages_asks_nobody_but_the_gateway",
    ),
    a_switch(
        "S18",
        "an erasure leaves what a person is called and wrote",
        "services/identity/domain/erasure.py",
        "if rule.erasure_decided_by is None and category not in others\n",
        "if False\n",
        f"{ERASURE}::test_S18_a_pupil_s_and_a_guardian_s_own_particulars_and_texts_are_erased",
    ),
    a_switch(
        "S18",
        "a pupil's erasure forgets what was written about them",
        "services/messaging/erasure.py",
        '    MessageSent: ("guardian_id", "pupil_id"),',
        '    MessageSent: ("guardian_id",),',
        f"{CONCERNED}::test_S18_a_conversation_is_found_for_its_guardian_and_for_its_pupil_and_for_nobody_else",
    ),
    a_switch(
        "S19",
        "a family's own awards are not among what is held about it",
        "services/points/domain/permission.py",
        "            return sorted(caller.children)",
        "            return []",
        f"{MAY_POINT}::test_S19_the_awards_held_about_a_family_are_its_own_child_s",
    ),
    a_switch(
        "S20",
        "a request alone erases what safeguarding keeps",
        "services/identity/domain/erasure.py",
        "if rule.erasure_decided_by is None and category not in others\n",
        "if category not in others\n",
        f"{ERASURE}::test_S20_T1_safeguarding_and_conduct_are_never_erased_on_request_alone_and_the_answer_says_why",
    ),
    a_switch(
        "S20",
        "anybody asks for anybody's erasure",
        "services/identity/domain/permission.py",
        "        case Capacity.GUARDIAN if subject_id == caller.person_id or subject_id in caller.children:",
        "        case Capacity.GUARDIAN:",
        f"{ERASURE}::test_S20_a_guardian_asks_for_themselves_and_their_own_child_and_a_pupil_for_themselves",
    ),
    a_switch(
        "S21",
        "a password is kept as it is",
        "services/identity/passwords.py",
        "            return self._hasher.hash(password)\n\n",
        "            return password\n\n",
        f"{PASSWORDS}::test_S21_a_password_is_kept_as_a_hash_that_tells_nothing_and_is_never_twice_the_same",
    ),
    a_switch(
        "S21",
        "who has no password comes in by anything",
        "services/identity/passwords.py",
        "        return known is not None\n",
        "        return True\n",
        f"{PASSWORDS}::test_S21_another_password_or_no_hash_at_all_is_not_right",
    ),
    seeded("S23", "S23: a year out of range is read as the nearest"),
    seeded("S25", "S25: an account that its system switched off keeps its roles"),
    a_switch(
        "S25",
        "who has left keeps their account",
        "services/identity/domain/roster_import.py",
        "    for person in sorted(state.accounts - wanted.keys()):",
        "    for person in ():",
        f"{IMPORT}::test_S25_when_the_last_child_leaves_the_parent_s_account_is_closed",
        f"{IMPORT}::test_S25_who_is_no_longer_on_the_roster_has_left_and_can_no_longer_sign_in",
    ),
    seeded(
        "S26",
        "S26: a link that was cut still counts until the roster here knows",
        f"{PARTIES}::test_S26_a_link_that_was_cut_counts_where_it_is_known_first",
    ),
    a_switch(
        "S27",
        "as many adults are linked as the roster names",
        "services/identity/domain/roster_import.py",
        "                if places < 0:",
        "                if False:",
        f"{IMPORT}::test_S27_as_many_adults_come_in_as_the_limit_lets_and_the_others_are_named",
    ),
)

PUPILS_AND_POINTS = (
    a_switch(
        "S29",
        "a pupil writes messages",
        "services/messaging/domain/permission.py",
        "        case Capacity.STAFF:\n            raise Refusal(NOT_CLASS_TEACHER, clause=CONFIDENTIAL)\n",
        "        case Capacity.PUPIL:\n            return Sender.STAFF\n"
        "        case Capacity.STAFF:\n            raise Refusal(NOT_CLASS_TEACHER, clause=CONFIDENTIAL)\n",
        f"{PUPILS}::test_S29_a_pupil_opens_no_conversation_and_takes_part_in_none",
    ),
    a_switch(
        "S30",
        "an adult chooses a child's picture",
        "services/identity/domain/permission.py",
        "    if caller.capacity is not Capacity.PUPIL:\n        raise Refusal(PUPILS_ONLY)",
        "    if False:\n        raise Refusal(PUPILS_ONLY)",
        f"{AVATAR}::test_S30_a_pupil_alone_chooses_and_no_adult_does_it_for_them",
    ),
    a_switch(
        "S30",
        "any text is taken for a picture, an address of a photo too",
        "services/identity/schemas.py",
        "class NewAvatar(Schema):\n    avatar = EnumField(Avatar, required=True)",
        "class NewAvatar(Schema):\n    avatar = Text(0, 400, required=True)",
        f"{AVATAR}::test_S30_nothing_but_a_picture_of_the_fixed_set_is_taken",
    ),
    a_switch(
        "S30",
        "a pupil who has a picture keeps it for good",
        "services/identity/domain/avatar.py",
        "    if state.avatar is command.avatar:",
        "    if state.avatar is not None:",
        f"{AVATAR}::test_S30_a_pupil_chooses_a_picture_and_may_choose_another_later",
    ),
    seeded("S31", "S31: a classmate's points are shown"),
    seeded("S32", "S32: everyone gives points"),
    seeded("S33", "S33: negative points"),
    seeded("S33", "S33: any number of points"),
    seeded("S33", "S33: an award is taken back twice"),
    seeded("S33", "S33: the total forgets corrections"),
    seeded("S34", "S34: a retired value still earns points"),
    seeded("S36 S43", "S43: another family's points are shown"),
    seeded("S43", "S43: any guardian sees any pupil"),
)

STORIES = (
    a_switch(
        "S37",
        "a parent posts to the class's story",
        "services/stories/domain/permission.py",
        "    if caller.capacity is not Capacity.STAFF:\n        raise Refusal(STAFF_ONLY, clause=SCHOOL_TO_HOME)",
        "    if False:\n        raise Refusal(STAFF_ONLY, clause=SCHOOL_TO_HOME)",
        f"{MAY_POST}::test_S37_S54_who_may_not_post_is_told_why",
    ),
    a_switch(
        "S37 S54",
        "any colleague posts for any class",
        "services/stories/domain/permission.py",
        "    may_write(caller)\n    if not _works_with(caller, class_id, relations):\n"
        "        raise Refusal(NOT_CLASS_TEACHER, clause=OWN_CLASS)",
        "    may_write(caller)\n    if False:\n        raise Refusal(NOT_CLASS_TEACHER, clause=OWN_CLASS)",
        f"{MAY_POST}::test_S37_S54_staff_of_the_class_post_and_nobody_else",
    ),
    a_switch(
        "S38",
        "an event has no day",
        "services/stories/domain/story.py",
        "    if (command.kind is StoryKind.EVENT) is (command.event_on is None):",
        "    if False:",
        f"{STORY}::test_S38_an_event_has_a_day_and_nothing_else_has",
    ),
    a_switch(
        "S40 S43 S16",
        "any guardian reads any class's stories",
        "services/stories/domain/permission.py",
        "        case Capacity.GUARDIAN if children := _own(caller, relations) & relations.pupils:\n"
        "            return Reader(children=children)",
        "        case Capacity.GUARDIAN:\n            return Reader(children=_own(caller, relations))",
        CLASS_STORIES,
    ),
    a_switch(
        "S40",
        "a colleague of another class reads the class's stories",
        "services/stories/domain/permission.py",
        "        case Capacity.STAFF if _works_with(caller, class_id, relations):\n",
        "        case Capacity.STAFF if True:\n",
        CLASS_STORIES,
    ),
    a_switch(
        "S43 S56",
        "what is for one child's adults is read by others",
        "services/stories/domain/permission.py",
        "    if story.pupil_id not in own:",
        "    if False:",
        f"{MAY_POST}::test_S43_S56_a_story_for_one_child_s_adults_is_theirs_and_the_class_staff_s",
    ),
    a_switch(
        "S56",
        "a story for one child's adults is the whole class's",
        "services/stories/domain/story.py",
        "        audience=Audience.CLASS if command.pupil_id is None else Audience.GUARDIANS,",
        "        audience=Audience.CLASS,",
        f"{STORY}::test_S56_a_story_for_one_child_s_adults_says_so",
    ),
    a_switch(
        "S42 S60",
        "the policies that this one names are not listed",
        "services/identity/policy_api.py",
        "            for one in chosen.linked\n",
        "            for one in ()\n",
        f"{LINKED}::test_S42_S60_the_policies_that_this_one_names_are_listed_with_address_and_version",
    ),
    a_switch(
        "S42 S60",
        "a policy is linked with an address and no version",
        "shared/policy/parameters.py",
        'elif (one.link == "") is not (one.version == ""):',
        "elif False:",
        f"{PARAMETERS}::test_S42_S60_a_policy_is_linked_with_its_address_and_its_version_or_not_at_all",
    ),
    a_switch(
        "S44 S45",
        "the posts of a class are counted",
        "shared/events/stories.py",
        "    kind: StoryKind\n    audience: Audience\n",
        "    kind: StoryKind\n    count: int\n    audience: Audience\n",
        f"{PROMISES}::test_S44_S45_nothing_counts_or_compares_what_is_posted",
    ),
)

MESSAGING = (
    a_switch(
        "S46",
        "a guardian writes about any child",
        "services/messaging/domain/permission.py",
        "    if not linked or wanted.guardian_id not in (None, caller.person_id):",
        "    if False:",
        f"{PARTIES}::test_S46_nobody_else_does",
    ),
    seeded("S46", "S46: a guardian writes to a class that the child has left"),
    seeded("S47", "17:00:00 counts as working time"),
    seeded("S47", "the bank holidays are those that all of the United Kingdom has"),
    seeded("S49", "a working day is 24 elapsed hours, whatever the clock on the wall does"),
    a_switch(
        "S48",
        "who writes is told nothing of when an answer may come",
        "services/messaging/shapes.py",
        '        "expected_by": found.expected_by if waits else None,',
        '        "expected_by": None,',
        f"{REPLIES}::test_S47_S48_S49_a_guardian_s_message_says_by_when_it_will_be_answered",
    ),
    seeded("S49", "a closure announced later moves what is past"),
    seeded("S49", "S49: a closure that is announced later forgives what was late"),
    seeded("S49", "S49: a guardian is shown that an answer is late"),
    a_switch(
        "S50",
        "a parent sees when a message was read",
        "services/messaging/schemas.py",
        "    sent_by = Part(MessageSender, required=True)\n",
        "    sent_by = Part(MessageSender, required=True)\n    read_at = When()\n",
        f"{SHOWN}::test_S50_nothing_that_is_shown_tells_whether_or_when_a_message_was_read",
    ),
    a_switch(
        "S51",
        "who writes what sounds urgent is told nothing",
        "shared/policy/urgent.py",
        '    return HINT.format(phone=f": {office_phone}" if office_phone else "")',
        "    return None",
        f"{URGENT}::test_S51_a_message_that_sounds_urgent_gets_the_hint",
    ),
    seeded("S53", "S53: anybody at the school sends a guardian to the phone"),
    seeded("S53", "S49: what was answered is still expected"),
    seeded("S78", "S78: a message that was sent at night is recorded as such"),
    seeded("S52", "S52: the other parent's conversation is shown"),
    seeded("S52", "S52: support staff read what parents write to the class teacher"),
    seeded("S52", "S52: whoever was the class teacher reads on"),
)

STAFF = (
    seeded("S57", "the surname first is not looked for"),
    seeded("S57", "what cannot be seen parts two names"),
    seeded("S57", "a confirmation passes everything"),
    seeded("S58", "an initial is fine wherever it is hers"),
    a_switch(
        "S61",
        "a sensitive post passes unasked",
        "shared/policy/sensitive.py",
        "        if of_a_child:\n",
        "        if False:\n",
        f"{SENSITIVE}::test_S61_a_sensitive_word_near_a_child_s_name_is_found",
    ),
    a_switch(
        "S62",
        "a list that has changed since is as good as read",
        "services/identity/domain/sharing.py",
        "    if command.list_version != current:",
        "    if False:",
        f"{SHARING}::test_S62_a_list_that_has_changed_since_must_be_read_again",
    ),
    a_switch(
        "S63",
        "anybody answers for a child",
        "services/identity/domain/sharing.py",
        "    if not linked:\n",
        "    if False:\n",
        f"{SHARING}::test_S63_who_is_not_linked_to_the_child_is_not_asked",
    ),
    a_switch(
        "S64",
        "a yes cannot be taken back",
        "services/identity/domain/sharing.py",
        "    if state.get((command.guardian_id, command.kind)) is command.allowed:",
        "    if (command.guardian_id, command.kind) in state:",
        f"{SHARING}::test_S64_an_answer_may_change_at_any_time",
    ),
    a_switch(
        "S57 S58",
        "a story is not looked through for names",
        "services/stories/domain/story.py",
        "        [*names, *sensitive.check(command.text, facts.roll)],",
        "        [*sensitive.check(command.text, facts.roll)],",
        f"{STORY}::test_S57_S58_a_story_uses_first_names_only",
    ),
    a_switch(
        "S61",
        "a story is not looked through for what is private",
        "services/stories/domain/story.py",
        "        [*names, *sensitive.check(command.text, facts.roll)],",
        "        [*names],",
        f"{STORY}::test_S57_S61_what_may_be_private_or_a_full_name_is_confirmed_first",
    ),
    a_switch(
        "S62",
        "who does not know the class's list posts all the same",
        "services/stories/domain/story.py",
        "    if not permissions.list_known:",
        "    if False:",
        f"{STORY}::test_S62_who_shows_or_names_somebody_knows_the_list",
        f"{STORY}::test_S62_who_approves_knows_the_list",
    ),
    a_switch(
        "S63",
        "a child is shown without permission",
        "services/stories/domain/story.py",
        "    if lacking:\n",
        "    if False:\n",
        f"{STORY}::test_S63_one_child_without_permission_is_enough_and_is_named_by_id_alone",
        f"{STORY}::test_S63_each_kind_needs_its_own_permission",
    ),
    a_switch(
        "S63",
        "a picture says nothing of whom it shows",
        "services/stories/domain/story.py",
        "    if untagged:\n",
        "    if False:\n",
        f"{STORY}::test_S63_a_picture_says_whom_it_shows_or_that_it_shows_nobody",
    ),
    a_switch(
        "S64",
        "what was hidden is shown again without permission",
        "services/stories/domain/story.py",
        "    _check_sharing(list(_tags(posted.names if command.text else (), pictures)), permissions)\n",
        "",
        f"{STORY}::test_S64_each_picture_stands_for_itself",
    ),
    seeded("S65", "S65: a report about staff suspends"),
    a_switch(
        "S66 S78",
        "nobody writes outside working hours",
        "services/messaging/commands.py",
        "        school, message_id = self._school(asked), MessageId(self.new_id())\n",
        "        school, message_id = self._school(asked), MessageId(self.new_id())\n"
        "        if not Parameters.from_mapping(school.parameters).working_time.is_working(self.clock.now()):\n"
        "            raise Refusal(NOT_FOUND)\n",
        f"{MESSAGES}::test_S47_S66_S78_a_message_is_sent_at_any_hour_of_any_day",
    ),
)

MISUSE = (
    a_switch(
        "S69",
        "no picture says that it stays here",
        "services/stories/domain/expectations.py",
        "    return STAYS_HERE if pictures and not staff else None",
        "    return None",
        f"{EXPECTED}::test_S69_beside_every_picture_families_are_reminded_that_it_stays_here",
    ),
    a_switch(
        "S77",
        "a flag needs no account",
        "services/messaging/schemas.py",
        "    note = Text(1, NOTE, required=True)",
        "    note = Text(1, NOTE)",
        f"{MESSAGES}::test_S77_no_flag_is_taken_without_the_account_that_its_record_opens_with",
    ),
    a_switch(
        "S69 S71",
        "every report is about a message",
        "services/moderation/domain/reshare.py",
        "            shared=command.shared,\n",
        "            shared=Shared.MESSAGE,\n",
        f"{RESHARES}::test_S69_S71_a_report_says_who_shared_what_and_what_the_reporter_saw",
    ),
    a_switch(
        "S70",
        "re-sharing suspends nobody",
        "services/moderation/domain/conduct.py",
        "    if state.suspension is not None:\n        return []\n    return [\n        AccountSuspended(",
        "    return []\n    return [\n        AccountSuspended(",
        f"{CONDUCT}::test_S70_resharing_suspends_at_once_with_no_warning_before",
        f"{DECIDED}::test_S70_a_confirmed_report_about_a_guardian_suspends_in_the_same_append",
    ),
    seeded("S70", "S70: a suspended guardian sends"),
    a_switch(
        "S72",
        "after a suspension nothing can be decided",
        "services/moderation/domain/conduct.py",
        "        case RemoveForResharing(), Conduct(removal=None, suspension=suspension) if suspension:",
        "        case RemoveForResharing(), Conduct(removal=None, suspension=suspension) if False:",
        f"{CONDUCT}::test_S72_the_headteacher_keeps_lifts_or_removes",
    ),
    seeded("S73", "S73: a removed guardian sends"),
    seeded("S73", "S73: a second warning before the first is read"),
    seeded("S73", "S73: removal without a delivered warning"),
    seeded("S73", "S73: a message from before the delivery removes"),
    seeded("S73", "S73: a message from before the reinstatement removes"),
    seeded("S73", "S73: a later receipt delivers again"),
    seeded("S74", "S74: re-sharing uses up the warning"),
    seeded("S75", "S75: whoever is staff flags"),
    seeded("S75", "S75: the same flag is recorded twice"),
    seeded("S75", "S75: a leader reads their own case"),
    seeded("S75", "S75: a later flag reopens a case"),
    a_switch(
        "S76",
        "a second leader is asked after the first has seen it",
        "services/moderation/domain/case.py",
        "    if state.acknowledged or state.decided:\n        return []",
        "    if False:\n        return []",
        f"{CASES}::test_S76_the_first_leader_who_acknowledges_says_it_for_both",
    ),
    seeded("S77", "S77: a decision is written into a record by hand"),
    a_switch(
        "S77",
        "a flag opens no record",
        "services/moderation/domain/record.py",
        "    return [opened, account] if state.guardian_id is None else [account]",
        "    return [account]",
        f"{RECORDS}::test_S77_a_flag_opens_a_record_with_the_message_as_it_was_sent_and_the_hash_of_its_event",
    ),
    a_switch(
        "S78",
        "the hour of sending is a ground for a flag",
        "shared/events/messaging.py",
        '    ABUSIVE = "abusive"\n',
        '    ABUSIVE = "abusive"\n    OUT_OF_HOURS = "out_of_hours"\n',
        f"{MESSAGES}::test_S78_the_hour_of_sending_is_no_ground_for_a_flag",
    ),
    a_switch(
        "S79",
        "a safeguarding key is opened by another service",
        "shared/privacy/categories.py",
        '            opened_by=frozenset({"moderation"}),\n            erasure_decided_by="safeguarding lead",\n'
        '            kept="25 years',
        '            opened_by=frozenset({"moderation", "identity"}),\n            erasure_decided_by=None,\n'
        '            kept="25 years',
        f"{KINDS}::test_S79_safeguarding_is_opened_where_cases_are_decided_and_nowhere_else",
        f"{KINDS}::test_S79_every_kind_says_who_opens_it_who_decides_on_its_erasure_and_how_long_it_is_kept",
    ),
    a_switch(
        "S79",
        "what a person wrote stands plain in an event",
        "shared/events/points.py",
        '    reason: Personal[str] = personal(subject="revocation_id", category=Category.POINTS_NOTE)',
        "    reason: str",
        f"{KINDS}::test_S79_what_a_person_wrote_or_is_called_is_never_plain_in_an_event",
    ),
)

EXPECTATIONS = (
    a_switch(
        "S80",
        "parents are not told that how much is posted varies",
        "services/stories/domain/expectations.py",
        "    return POSTS_VARY if capacity is Capacity.GUARDIAN else None",
        "    return None",
        f"{EXPECTED}::test_S80_parents_and_carers_are_told_with_the_feed_that_how_much_is_posted_varies",
    ),
    a_switch(
        "S80",
        "a post can be demanded",
        "services/stories/schemas.py",
        "class NewStory(Schema):\n",
        "class NewStory(Schema):\n    wanted_by = Id()\n",
        f"{EXPECTED}::test_S80_nothing_lets_anybody_demand_a_post",
    ),
)

SWITCHES = DOCUMENT + ACCESS + PUPILS_AND_POINTS + STORIES + MESSAGING + STAFF + MISUSE + EXPECTATIONS
"""Every switch."""
