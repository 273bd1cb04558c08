"""Faults that somebody might one day make, each with the tests that must catch it.

A safety property whose test passes with the fault in place has no test. `find` must stand exactly once in the file.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what is taken out of which file, what stands there instead, and who must notice."""

    name: str
    file: str
    find: str
    replace: str
    caught_by: tuple[str, ...]


APPEND = "tests/integration/test_append.py"
VERIFY = "tests/integration/test_verify.py"
COMMANDS = "tests/integration/test_commands.py"
COMMITTER = "tests/integration/test_committer.py"
KEPT_KEYS = "tests/unit/test_privacy_kept.py"
TOGETHER = "tests/unit/test_runtime_together.py"
RANDOM_BYTES = "tests/unit/test_runtime_randomness.py"
IN_GROUPS = "test_commands_in_groups_come_to_what_they_come_to_one_after_the_other"
MODELS = "tests/integration/test_projections.py"
BUS_LINE = "tests/integration/test_bus.py"
BUS_MESSAGES = "tests/unit/test_bus_messages.py"
WINDOW = "tests/unit/test_bus_window.py"
ASIDE = "tests/integration/test_parking.py"
CATALOGUE = "tests/integration/test_catalogue.py"
KEYS = "tests/integration/test_keystore.py"
POINTS = "tests/unit/test_points_domain.py"
PERMISSION = "tests/unit/test_points_permission.py"
VAULT = "tests/unit/test_vault.py"
CHAIN = "tests/unit/test_chain.py"
ARCHIVE = "tests/unit/test_identity_roster_archive.py"
ROSTER = "tests/unit/test_identity_oneroster.py"
WHO = "tests/unit/test_identity_permission.py"
DESK = "tests/integration/test_sign_in.py"
PRINCIPALS = "tests/unit/test_identity_principals.py"
MESSAGES = "tests/unit/test_messaging_domain.py"
PARTIES = "tests/unit/test_messaging_permission.py"
OUTCOMES = "tests/unit/test_messaging_reactions.py"
LETTERS = "tests/integration/test_messaging_commands.py"
COPIES = "tests/integration/test_flag_keys.py"
CLOCK = "tests/unit/test_policy_working_time.py"
CONDUCT = "tests/unit/test_moderation_conduct.py"
CASES = "tests/unit/test_moderation_case.py"
RECORDS = "tests/unit/test_moderation_record.py"
FOLLOWED = "tests/unit/test_moderation_reactions.py"
DECIDED = "tests/unit/test_moderation_commands.py"
MAY_KNOW = "tests/unit/test_moderation_permission.py"
SCHOOL_SAYS = "tests/integration/test_roster_parameters.py"
NAMES = "tests/unit/test_policy_first_names.py"
SHARED = "tests/integration/test_roster_sharing.py"
ANSWERS = "tests/unit/test_identity_sharing.py"
TALES = "tests/unit/test_stories_domain.py"
AUDIENCE = "tests/unit/test_stories_permission.py"
CLASS_READERS = "test_S16_S40_S43_a_class_s_stories_are_read_by_its_staff_pupils_and_their_guardians_and_nobody_else"
IMAGES = "tests/unit/test_media_images.py"
HOSTILE = "tests/property/test_media_hostile.py"
ALBUM = "tests/integration/test_media_store.py"
ACCESS_STATES = "tests/integration/test_session_access.py"
HOUSE_RULES = "tests/unit/test_http_app.py"
FOLLOWER = "tests/unit/test_follower.py"
NEWER = "tests/unit/test_newer_versions.py"
NEWER_EVENTS = "tests/integration/test_newer_events.py"
CONVERSATIONS = "tests/integration/test_conversations.py"
AWAITED = "tests/unit/test_identity_awaited.py"
DECIDED_ERASURE = "tests/unit/test_identity_erasure.py"
NEVER_ON_REQUEST = "test_S20_T1_safeguarding_and_conduct_are_never_erased_on_request_alone_and_the_answer_says_why"
LEFT_OUT = "test_S20_who_was_erased_is_left_out_of_every_later_roster_and_the_rest_goes_on"
MEANWHILE = "tests/integration/test_roster_and_erasure.py"
WHOSE = "tests/unit/test_privacy_erasure.py"
PROOF = "tests/unit/test_operator_certificate.py"
GOLDEN_REVOCATION = "test_an_event_s_wire_form_is_its_golden_file[points.PointRevoked]"
PRIVATE = "tests/unit/test_policy_sensitive.py"
SMALL = "tests/unit/test_runtime_small.py"
CLOCK_ROUTE = "tests/unit/test_identity_clock.py"
REPLIES = "tests/unit/test_messaging_reply.py"
WIRE_FORMS = "tests/fuzz/test_wire_forms.py"
ASKING = "tests/unit/test_http_asking.py"
ABUSED = "tests/e2e/test_abuse.py"
MAY_STILL_READ = "test_who_has_as_many_bodies_on_their_way_as_may_be_is_told_to_wait_with_more_and_may_still_read"
BY_ITSELF = "test_what_nginx_refuses_by_itself_is_a_problem_in_our_words"
FORGOTTEN = "tests/integration/test_forgotten.py"
ROSTER_NAMES = "tests/integration/test_roster_names.py"
STATES = "tests/unit/test_log_states.py"
INVARIANTS = "tests/faults/test_invariants.py"
KEYS_AT_HAND = "test_S18_a_rebuild_that_began_before_an_erasure_does_not_bring_back_what_was_erased"

LOG = (
    Fault(
        "no lock on the partition",
        "shared/log/append.py",
        "hold(connection, command.partition)",
        "pass",
        (f"{APPEND}::test_many_writers_leave_neither_holes_nor_doubles_and_the_chain_is_whole",),
    ),
    Fault(
        "expected versions are not compared",
        "shared/log/append.py",
        "        if actual[stream] != expected:",
        "        if False:",
        (f"{APPEND}::test_a_command_whose_streams_have_moved_writes_nothing",),
    ),
    Fault(
        "only written streams are compared",
        "shared/log/append.py",
        "    for stream, expected in command.expected.items():",
        "    for stream, expected in [(e.stream, command.expected[e.stream]) for e in command.events]:",
        (f"{APPEND}::test_a_command_whose_streams_have_moved_writes_nothing",),
    ),
    Fault(
        "a used key is not looked for under the lock",
        "shared/log/append.py",
        "if command.claim and (found := answered(connection, command.school_id, command.claim)):",
        "if command.claim and (found := None):",
        (f"{APPEND}::test_the_same_key_gets_the_first_answer_and_nothing_is_written_again",),
    ),
    Fault(
        "another body under the same key is taken for the same request",
        "shared/log/append.py",
        "    if bytes(row[0]) != claim.body_mac:",
        "    if False:",
        (f"{APPEND}::test_the_same_key_with_another_body_is_refused",),
    ),
    Fault(
        "events do not link",
        "shared/log/append.py",
        "            link = envelope.hash\n",
        "",
        (f"{APPEND}::test_events_stand_at_contiguous_positions_and_link_to_one_another",),
    ),
    Fault(
        "a service may change events",
        "shared/log/migrations/0001.log.sql",
        "GRANT SELECT, INSERT ON log_event TO bookbag_writer, bookbag_worker;",
        "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON log_event TO bookbag_writer, bookbag_worker;",
        (f"{APPEND}::test_no_service_can_change_or_remove_an_event",),
    ),
    Fault(
        "data is stored as jsonb",
        "shared/log/migrations/0001.log.sql",
        "    data           json        NOT NULL,",
        "    data           jsonb       NOT NULL,",
        (
            f"{VERIFY}::test_a_log_that_nobody_touched_is_whole",
            f"{VERIFY}::test_a_changed_field_is_found_where_it_stands",
        ),
    ),
    Fault(
        "the hash leaves the actor out",
        "shared/events/envelope.py",
        '        "actor": str(actor),\n        "correlation_id"',
        '        "correlation_id"',
        (CHAIN,),
    ),
    Fault(
        "verify does not hash again",
        "shared/log/verify.py",
        "if not envelope.hash_is_right() or",
        "if",
        (f"{VERIFY}::test_a_changed_field_is_found_where_it_stands",),
    ),
    Fault(
        "verify does not follow links",
        "shared/log/verify.py",
        "    if envelope.previous != at.hash:",
        "    if False:",
        (f"{VERIFY}::test_an_event_that_was_forged_with_its_own_hash_is_found_by_its_links",),
    ),
    Fault(
        "verify does not look at the head",
        "shared/log/verify.py",
        "    if at != head:",
        "    if False:",
        (f"{VERIFY}::test_a_tail_that_was_cut_off_is_found_by_the_head",),
    ),
    Fault(
        "verify asks no witness beyond the end",
        "shared/log/verify.py",
        "    if beyond:",
        "    if False:",
        (f"{VERIFY}::test_a_tail_that_was_cut_off_with_its_head_is_found_by_who_read_it",),
    ),
    Fault(
        "verify asks no witness on the way",
        "shared/log/verify.py",
        'return f"{other.name} remembers another event here" if other else None',
        "return None",
        (f"{VERIFY}::test_a_history_that_was_written_anew_is_found_by_who_read_the_old_one",),
    ),
    Fault(
        "a refused echo is not looked up again",
        "shared/log/commands.py",
        "                if first := self._first_answer(request):",
        "                if first := None:",
        (f"{COMMANDS}::test_a_request_whose_twin_was_carried_out_while_it_was_decided_gets_the_twin_s_answer",),
    ),
    Fault(
        "a command is decided once and never again",
        "shared/log/commands.py",
        "for attempt in range(ATTEMPTS + 1):",
        "for attempt in (ATTEMPTS,):",
        (f"{COMMANDS}::test_a_decision_whose_stream_moved_meanwhile_is_decided_anew",),
    ),
    Fault(
        "who is always outrun gives up",
        "shared/log/commands.py",
        "last = attempt == ATTEMPTS",
        "last = False",
        (f"{COMMANDS}::test_a_decision_whose_stream_always_moves_is_made_in_the_end_while_nobody_else_may_append",),
    ),
    Fault(
        "the answer is kept in a transaction of its own, after the events",
        "shared/log/commands.py",
        "claim=request.claim,\n    )",
        "claim=None,\n    )",
        (f"{COMMANDS}::test_a_process_that_dies_after_the_append_and_before_the_answer_has_not_lost_the_command",),
    ),
)

STANDING_UNDER_LOCK = "cursors.standing(connection, name, source, last.partition, lock=True)"
ANOTHER_WAS_HERE = "\n                    return 0  # another runner was here"

READ_MODELS = (
    Fault(
        "the cursor's row is not compared under its lock",
        "shared/projections/runner.py",
        f"if {STANDING_UNDER_LOCK} != at:{ANOTHER_WAS_HERE}",
        f"if False:{ANOTHER_WAS_HERE}",
        (f"{MODELS}::test_a_second_worker_that_comes_between_effects_and_commit_applies_nothing_again",),
    ),
    Fault(
        "the cursor is read without its lock",
        "shared/projections/runner.py",
        f"if {STANDING_UNDER_LOCK} != at:{ANOTHER_WAS_HERE}",
        f"if {STANDING_UNDER_LOCK.replace(', lock=True', '')} != at:{ANOTHER_WAS_HERE}",
        (f"{MODELS}::test_a_second_worker_that_comes_between_effects_and_commit_applies_nothing_again",),
    ),
    Fault(
        "a cursor that was set to another history is taken for the one that was left there",
        "shared/projections/runner.py",
        f"if {STANDING_UNDER_LOCK} != at:{ANOTHER_WAS_HERE}",
        f"if {STANDING_UNDER_LOCK}.position != at.position:{ANOTHER_WAS_HERE}",
        (f"{MODELS}::test_a_cursor_that_was_set_to_another_history_takes_nothing_more_of_the_one_before",),
    ),
    Fault(
        "a runner that finds its consumer elsewhere than it left it does not look where",
        "shared/projections/runner.py",
        "            if taken is not None:\n                return taken",
        "            return taken or 0",
        (f"{MODELS}::test_a_runner_goes_on_where_another_has_left_off",),
    ),
    Fault(
        "a consumer that was set back is believed to stand where it was left",
        "shared/projections/runner.py",
        "if left is not None and left.position < head.position:",
        "if left is not None:",
        (f"{MODELS}::test_a_consumer_that_was_set_back_is_brought_forward_again",),
    ),
    Fault(
        "a worker that stopped amid its statements keeps the cursor's row",
        "shared/projections/runner.py",
        "                cursors.end(connection, found)\n",
        "",
        (f"{MODELS}::test_a_worker_that_stops_amid_its_statements_loses_its_session_to_another_and_goes_on_after_it",),
    ),
    Fault(
        "one look tells who stands still from who is at work",
        "shared/projections/runner.py",
        "if found is not None and found == self._silent.get(at):",
        "if found is not None:",
        (f"{MODELS}::test_a_worker_that_sends_its_statements_slowly_keeps_its_session",),
    ),
    Fault(
        "a session whose statement takes long is taken for one that stands still",
        "shared/projections/cursors.py",
        " AND a.wait_event = 'ClientRead'",
        "",
        (f"{MODELS}::test_a_worker_whose_statement_takes_long_keeps_its_session",),
    ),
    Fault(
        "links are not followed",
        "shared/projections/cursors.py",
        "if event.position != at.position + 1 or event.previous != at.hash:",
        "if False:",
        (f"{MODELS}::test_a_gap_in_what_a_source_serves_is_not_passed_over",),
    ),
    Fault(
        "a gap is passed over",
        "shared/projections/cursors.py",
        "if event.position != at.position + 1 or event.previous != at.hash:",
        "if event.position <= at.position:",
        (f"{MODELS}::test_a_gap_in_what_a_source_serves_is_not_passed_over",),
    ),
    Fault(
        "a shorter log is followed",
        "shared/projections/runner.py",
        "if at.position > head.position or (at.position == head.position and at.hash != head.hash):",
        "if False:",
        (f"{MODELS}::test_a_log_that_is_shorter_than_what_was_applied_is_not_followed",),
    ),
    Fault(
        "the row policy shows every school",
        "shared/projections/install.py",
        'FOR SELECT TO bookbag_reader USING ({})", name, _OWN_SCHOOL)',
        'FOR SELECT TO bookbag_reader USING (true)", name)',
        (f"{MODELS}::test_S16_a_reader_sees_its_school_s_rows_and_no_others",),
    ),
    Fault(
        "views run with their owner's rights and the owner is not held to the policy",
        "shared/projections/install.py",
        "WITH (security_invoker = true) AS",
        "AS",
        (f"{MODELS}::test_S16_a_reader_sees_its_school_s_rows_and_no_others",),
    ),
    Fault(
        "a rebuild swaps without comparing with the live model",
        "shared/projections/rebuild.py",
        """                if not forked and not self._caught_up_with_live(connection, projection):
                    return False
""",
        "",
        (f"{MODELS}::test_what_comes_between_the_last_look_and_the_swap_is_not_lost",),
    ),
    Fault(
        "a newer version is read as the one that is known",
        "shared/events/wire.py",
        """    if cls is not None and version > cls.schema_version:
        raise NotKnownHere(f"{name} version {version} is not known here (latest {cls.schema_version})")
    try:
        return registry.upcast_to_latest(name, version, dict(data))
""",
        """    try:
        return registry.upcast_to_latest(name, min(version, cls.schema_version if cls else 1), dict(data))
""",
        (f"{NEWER}::test_a_newer_version_or_type_is_not_known_here_though_its_fields_would_fit",),
    ),
    Fault(
        "a read model passes over what a newer process has written",
        "shared/projections/runner.py",
        """                if why is not None:
                    _park(connection, name, source""",
        """                if why is not None and why != "NotKnownHere":
                    _park(connection, name, source""",
        (f"{NEWER_EVENTS}::test_a_read_model_leaves_what_is_newer_to_its_successor_which_shows_it_once_and_as_it_is",),
    ),
    Fault(
        "the last message of a conversation is the one with the latest time",
        "services/messaging/projections/conversations.py",
        """        " CASE WHEN excluded.position < c.position AND c.last_message_at IS NOT NULL THEN c.last_message_at"
        " ELSE excluded.last_message_at END",
""",
        """        " greatest(c.last_message_at, excluded.last_message_at)",
""",
        (f"{CONVERSATIONS}::test_the_last_message_is_the_last_in_the_log_though_the_clock_was_set_back_before_it",),
    ),
    Fault(
        "a client that meets a process of an older version is told of an error",
        "shared/hosting/api.py",
        "    NotKnownHere: _unavailable,\n",
        "",
        (f"{NEWER}::test_a_client_is_told_to_try_again_for_a_newer_process_may_answer",),
    ),
    Fault(
        "a consumer that has diverged says so four times a second",
        "shared/projections/follower.py",
        "if self._said.get(consumer.name) != DIVERGED:",
        "if consumer.name:",
        (f"{FOLLOWER}::test_a_consumer_that_has_diverged_counts_each_look_and_says_it_once_until_it_has_rejoined",),
    ),
    Fault(
        "a rebuild hides that the live model was built from another history",
        "shared/projections/rebuild.py",
        """        if not forked:
            self._must_continue(projection)
""",
        "",
        (f"{MODELS}::test_a_rebuild_is_refused_where_the_live_model_took_what_the_log_does_not_hold",),
    ),
    Fault(
        "a swap waits for its readers until the server ends one of them",
        "shared/projections/rebuild.py",
        "                connection.execute(GIVES_WAY)\n",
        "",
        (f"{MODELS}::test_a_swap_gives_way_to_a_reader_that_wants_the_tables_in_another_order",),
    ),
    Fault(
        "a swap waits for a cleaner that waits for nobody",
        "shared/projections/rebuild.py",
        "                self._hold_off_vacuum(connection, projection)\n",
        "",
        ("tests/integration/test_swaps_and_vacuum.py",),
    ),
    Fault(
        "S18: two rebuild one read model at once",
        "shared/projections/rebuild.py",
        '            connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (LOCK_CLASS, projection.name))\n',
        "",
        ("tests/integration/test_two_rebuilds.py::" + KEYS_AT_HAND,),
    ),
    Fault(
        "a rebuild tells of each look's events alone",
        "shared/projections/rebuild.py",
        """            if not self.runner.catch_up(projection, heads, NEXT):
                return
            total = sum(head.position for head in heads.values())
            progress(min(self._built(projection, heads), total), total)""",
        """            taken = self.runner.catch_up(projection, heads, NEXT)
            if not taken:
                return
            progress(taken, sum(head.position for head in heads.values()))""",
        (f"{MODELS}::test_a_rebuild_s_progress_never_goes_back_though_it_has_to_look_again",),
    ),
    Fault(
        "a rebuild empties the live tables and fills them again",
        "shared/projections/rebuild.py",
        "            self._discard(connection, projection)\n",
        """            self._discard(connection, projection)
            for table in projection.physical().values():
                connection.execute(f'DELETE FROM "{table}"')
                connection.execute(f'DROP POLICY own_school ON "{table}"')
""",
        (f"{MODELS}::test_a_rebuild_while_others_read_and_write_misses_nothing",),
    ),
    Fault(
        "a rebuild sends every consumer of its source back to the start",
        "shared/projections/rebuild.py",
        'connection.execute("DELETE FROM projection_cursor WHERE consumer = %s", (old_consumer,))',
        """connection.execute(
            "DELETE FROM projection_cursor WHERE source = %s AND consumer <> %s",
            (projection.source, projection.consumer + NEXT),
        )""",
        (f"{ASIDE}::test_a_rebuild_runs_no_reaction_and_leaves_it_where_it_stands",),
    ),
)

PRIVACY = (
    Fault(
        "ciphertext is not bound to its place",
        "shared/privacy/vault.py",
        'return b"\\0".join((school, event, field))',
        'return b""',
        (f"{VAULT}::test_ciphertext_does_not_open_in_another_place",),
    ),
    Fault(
        "an opened key is kept for ever",
        "shared/privacy/vault.py",
        "if cached.until > now",
        "if True",
        (f"{VAULT}::test_an_opened_key_is_forgotten_after_sixty_seconds",),
    ),
    Fault(
        "a missing key is taken for an erasure",
        "shared/privacy/keystore.py",
        "        if missing := [key_id for key_id in key_ids if key_id not in found]:",
        "        found |= {key_id: None for key_id in key_ids if key_id not in found}\n        if missing := []:",
        (f"{KEYS}::test_a_key_that_is_neither_held_nor_destroyed_is_an_error",),
    ),
    Fault(
        "a service opens every category",
        "shared/privacy/vault.py",
        "return service in CATEGORIES[mark.category].opened_by",
        "return True",
        (f"{VAULT}::test_a_category_of_another_service_stays_sealed_and_its_key_is_not_asked_for",),
    ),
    Fault(
        "the key database shows every category to every role",
        "shared/privacy/migrations/0002.adders.sql",
        "    USING (EXISTS (SELECT FROM category_access a\n"
        "                   WHERE a.role = current_user AND a.category = subject_key.category AND a.may_open));",
        "    USING (true);",
        (f"{KEYS}::test_another_service_s_role_cannot_read_a_key_of_a_category_that_is_not_its_own",),
    ),
    Fault(
        "a destroyed subject gets a new key",
        "shared/privacy/keystore.py",
        "        if gone is not None and gone[0]:",
        "        if False:",
        (f"{KEYS}::test_a_destroyed_key_is_known_as_destroyed_and_is_not_made_again",),
    ),
)

POLICY_RULES = (
    Fault(
        "S33: negative points",
        "services/points/domain/taxonomy.py",
        "if points < 1 and (parameters.positive_points_only or points == 0):",
        "if points == 0:",
        (f"{POINTS}::test_S33_a_negative_award_is_refused",),
    ),
    Fault(
        "S33: any number of points",
        "services/points/domain/taxonomy.py",
        "    if abs(points) > parameters.max_points_per_award:",
        "    if False:",
        (f"{POINTS}::test_S33_an_award_is_at_most_what_the_school_allows",),
    ),
    Fault(
        "S34: a retired value still earns points",
        "services/points/domain/taxonomy.py",
        "return behaviour if behaviour and behaviour.value_id in self.values else None",
        "return behaviour",
        (f"{POINTS}::test_S34_an_award_for_a_behaviour_whose_value_is_retired_is_refused",),
    ),
    Fault(
        "S33: an award is taken back twice",
        "services/points/domain/pupil_points.py",
        "    if found.revoked:",
        "    if False:",
        (f"{POINTS}::test_S33_an_award_is_taken_back_once",),
    ),
    Fault(
        "S33: the total forgets corrections",
        "services/points/domain/pupil_points.py",
        "for award in self.awards.values() if not award.revoked)",
        "for award in self.awards.values())",
        (f"{POINTS}::test_S33_the_total_is_the_replay_of_what_was_awarded_and_not_taken_back",),
    ),
    Fault(
        "S32: everyone gives points",
        "services/points/domain/permission.py",
        "    if caller.capacity is not Capacity.STAFF or caller.roles.isdisjoint(GIVES_POINTS):",
        "    if False:",
        (f"{PERMISSION}::test_S32_points_are_given_by_staff_only",),
    ),
    Fault(
        "S31: a classmate's points are shown",
        "services/points/domain/permission.py",
        "        case Capacity.PUPIL if caller.person_id == pupil_id:",
        "        case Capacity.PUPIL:",
        (f"{PERMISSION}::test_S31_S36_S43_a_pupil_s_points_are_read_by_pupil_family_class_staff_and_leaders",),
    ),
    Fault(
        "S43: another family's points are shown",
        "services/points/domain/permission.py",
        "        case Capacity.GUARDIAN if pupil_id in caller.children:",
        "        case Capacity.GUARDIAN:",
        (f"{PERMISSION}::test_S31_S36_S43_a_pupil_s_points_are_read_by_pupil_family_class_staff_and_leaders",),
    ),
)

IDENTITY = (
    Fault(
        "what is unpacked of a roster is not counted",
        "services/identity/oneroster/archive.py",
        "        if len(content) > MOST_OF_ONE or left < 0:",
        "        if False:",
        (f"{ARCHIVE}::test_a_bomb_in_one_file_is_not_unpacked",),
    ),
    Fault(
        "a roster's files together are not counted",
        "services/identity/oneroster/archive.py",
        " or left < 0:",
        ":",
        (f"{ARCHIVE}::test_a_bomb_that_is_spread_over_many_files_is_not_unpacked",),
    ),
    Fault(
        "a roster is unpacked however it was packed",
        "services/identity/oneroster/archive.py",
        "        if member.compress_type not in ORDINARY:",
        "        if False:",
        (
            f"{ARCHIVE}::test_another_way_of_packing_is_refused_before_anything_is_unpacked",
            f"{ARCHIVE}::test_a_damaged_archive_is_unpacked_or_refused_and_never_fails_otherwise",
        ),
    ),
    Fault(
        "a part of a roster passes for the whole",
        "services/identity/oneroster/reading.py",
        '        if said.get(f"file.{name}") != BULK:',
        "        if False:",
        (f"{ROSTER}::test_a_set_that_is_not_in_full_or_of_another_version_is_refused",),
    ),
    Fault(
        "S23: a year out of range is read as the nearest",
        "services/identity/oneroster/reading.py",
        "        if unknown:",
        "        if not (grades := [grade for grade in grades if grade not in unknown]):",
        (f"{ROSTER}::test_S23_a_year_that_the_policy_does_not_know_is_refused_with_its_own_code",),
    ),
    Fault(
        "S16: whoever is enrolled as a teacher is one",
        "services/identity/oneroster/reading.py",
        "            elif role in POSTS and not roles.isdisjoint(STAFF_ROLES):",
        "            elif role in POSTS:",
        (f"{ROSTER}::test_S16_a_parent_or_pupil_who_is_enrolled_as_a_teacher_gets_no_class",),
    ),
    Fault(
        "S25: an account that its system switched off keeps its roles",
        "services/identity/oneroster/reading.py",
        '                and users[row["userSourcedId"]]["enabledUser"].casefold() != "false"\n',
        "",
        (f"{ROSTER}::test_S25_an_account_that_is_switched_off_has_no_role_here",),
    ),
    Fault(
        "of two rows with one id the later counts",
        "services/identity/oneroster/tables.py",
        '            if row["sourcedId"] in found:',
        "            if False:",
        (f"{ROSTER}::test_an_id_that_stands_twice_is_refused_at_its_second_row",),
    ),
    Fault(
        "a login finds two people",
        "services/identity/oneroster/reading.py",
        "                if login in taken:",
        "                if False:",
        (f"{ROSTER}::test_two_people_with_one_login_are_refused_whatever_its_case",),
    ),
    Fault(
        "a school is registered over another",
        "services/identity/domain/school.py",
        "        case RegisterSchool() if state.partition:",
        "        case RegisterSchool() if False:",
        ("tests/unit/test_identity_school.py::test_a_school_is_registered_once",),
    ),
    Fault(
        "S06: a pupil's login is appointed",
        "services/identity/domain/appointments.py",
        "    if not state.registered:",
        "    if False:",
        ("tests/unit/test_identity_appointments.py::test_nobody_who_is_not_registered_is_appointed",),
    ),
    Fault(
        "S06: any staff lead",
        "services/identity/domain/permission.py",
        "caller.has_role(Role.HEADTEACHER):",
        "caller.roles:",
        (f"{WHO}::test_S06_the_headteacher_alone_leads",),
    ),
    Fault(
        "S16: any staff see any class",
        "services/identity/domain/permission.py",
        "    if not sees_every_class(caller) and class_id not in caller.classes:",
        "    if False:",
        (f"{WHO}::test_S16_a_class_is_shown_to_who_works_with_it",),
    ),
    Fault(
        "S52: families see a child's adults",
        "services/identity/domain/permission.py",
        "        raise Refusal(NOT_FOUND)\n    may_read_pupil(",
        "        pass\n    may_read_pupil(",
        (f"{WHO}::test_S52_a_child_s_adults_are_shown_to_the_child_s_staff_only",),
    ),
    Fault(
        "S43: any guardian sees any pupil",
        "services/identity/domain/permission.py",
        "        case Capacity.GUARDIAN if pupil_id in caller.children:",
        "        case Capacity.GUARDIAN:",
        (f"{WHO}::test_S16_S31_S43_a_pupil_is_shown_to_themself_family_class_staff_and_leaders",),
    ),
    Fault(
        "a registration that is told again takes roles away",
        "services/identity/domain/people.py",
        "state.adults.get(person, {})))",
        "{}))",
        ("tests/unit/test_identity_people.py::test_a_registration_that_is_told_again_takes_no_role_away",),
    ),
    Fault(
        "who a session is is used for ever",
        "services/identity/principals.py",
        "kept is not None and kept.until > now:",
        "kept is not None:",
        (f"{PRINCIPALS}::test_an_answer_is_used_again_for_less_than_200_milliseconds",),
    ),
    Fault(
        "the 200 milliseconds begin after the look-up",
        "services/identity/principals.py",
        "_Kept(header, now + REUSED_FOR)",
        "_Kept(header, self._monotonic() + REUSED_FOR)",
        (f"{PRINCIPALS}::test_the_200_milliseconds_begin_before_the_look_up",),
    ),
    Fault(
        "a session that was ended here is still vouched for",
        "services/identity/principals.py",
        "            self._kept.clear()",
        "            pass",
        (f"{PRINCIPALS}::test_after_forgetting_it_is_looked_up_at_once",),
    ),
)

ROLES = (
    Fault(
        "a read model's owner is let past its row policy",
        "shared/projections/install.py",
        "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ENABLE ROW LEVEL SECURITY",
        (f"{CATALOGUE}::test_every_table_has_forced_row_security_or_a_reason_why_not",),
    ),
    Fault(
        "a reader without a school sees every school",
        "shared/projections/install.py",
        "_OWN_SCHOOL = sql.SQL(\"school_id = NULLIF(current_setting('bookbag.school_id', true), '')::uuid\")",
        "_OWN_SCHOOL = sql.SQL(\"coalesce(current_setting('bookbag.school_id', true), '') IN ('', school_id::text)\")",
        (f"{CATALOGUE}::test_a_reader_s_policy_shows_the_school_of_the_transaction_alone",),
    ),
    Fault(
        "a view reads with its owner's rights",
        "shared/projections/install.py",
        "security_invoker = true",
        "security_invoker = false",
        (f"{CATALOGUE}::test_every_view_reads_with_the_rights_of_who_asks",),
    ),
    Fault(
        "a worker may change events",
        "shared/log/migrations/0001.log.sql",
        "GRANT SELECT, INSERT ON log_event TO",
        "GRANT SELECT, INSERT, UPDATE ON log_event TO",
        (f"{CATALOGUE}::test_nobody_but_the_owner_can_change_or_delete_an_event",),
    ),
    Fault(
        "a service's role passes by row security",
        "deploy/operator/provision.py",
        "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}",
        "LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}",
        (f"{CATALOGUE}::test_no_role_of_the_installation_is_superuser_or_passes_by_row_security",),
    ),
    Fault(
        "every role may connect to every database",
        "deploy/operator/provision.py",
        '_run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)',
        "pass",
        (f"{CATALOGUE}::test_a_service_s_roles_reach_its_own_database_only",),
    ),
)

WORKING_TIME = (
    Fault(
        "17:00:00 counts as working time",
        "shared/policy/working_time.py",
        "OPENS <= local.time() < CLOSES",
        "OPENS <= local.time() <= CLOSES",
        (f"{CLOCK}::test_S47_working_time_is_eight_to_five_in_london_from_monday_to_friday",),
    ),
    Fault(
        "a working day is 24 elapsed hours, whatever the clock on the wall does",
        "shared/policy/working_time.py",
        "        return _utc(day, local.time())",
        "        return self.clock_start(instant) + (day - local.date())",
        (f"{CLOCK}::test_S49_an_answer_is_expected_by_the_same_local_time_on_the_next_working_day",),
    ),
    Fault(
        "the bank holidays are those that all of the United Kingdom has",
        "shared/policy/working_time.py",
        'country_holidays("GB", subdiv="ENG", years=year)',
        'country_holidays("GB", years=year)',
        (f"{CLOCK}::test_S47_bank_holidays_are_those_of_england",),
    ),
    Fault(
        "a closure announced later moves what is past",
        "shared/policy/working_time.py",
        "if told <= now else",
        "if False else",
        (f"{CLOCK}::test_S49_a_closure_announced_later_leaves_a_deadline_that_is_past",),
    ),
)

SIGN_IN = (
    Fault(
        "S21: an unknown login is refused without a hash being verified",
        "services/identity/sign_in.py",
        '        return self.passwords.is_right(password or "", known)\n\n    def _owner',
        '        return known is not None and self.passwords.is_right(password or "", known)\n\n    def _owner',
        (f"{DESK}::test_S21_a_stranger_s_login_costs_what_a_known_one_does",),
    ),
    Fault(
        "S21: guessing goes on for ever",
        "services/identity/sign_in.py",
        "row[0] >= MOST_FAILURES:",
        "row[0] > 10_000:",
        (f"{DESK}::test_S21_after_ten_failures_even_the_right_password_waits",),
    ),
    Fault(
        "S21: failures of a school's people are counted together",
        "services/identity/indexes.py",
        'return self._mac("attempts", UUID(int=0), slug.casefold(), _folded(login))',
        'return self._mac("attempts", UUID(int=0), slug.casefold(), "")',
        (f"{DESK}::test_S21_failures_are_counted_for_one_login_of_one_school",),
    ),
    Fault(
        "S21: another spelling of a login is another count",
        "services/identity/indexes.py",
        'return self._mac("attempts", UUID(int=0), slug.casefold(), _folded(login))',
        'return self._mac("attempts", UUID(int=0), slug, login)',
        (f"{DESK}::test_S21_failures_are_counted_for_one_login_of_one_school",),
    ),
    Fault(
        "S21: a code is looked at and not used up",
        "services/identity/sign_in.py",
        "        if code is not None and not self._use(school_id, person_id, code, now):",
        "        if False:",
        (f"{DESK}::test_S21_of_four_who_use_one_code_at_once_exactly_one_comes_in",),
    ),
    Fault(
        "S21: two use one code between look and use",
        "services/identity/sign_in.py",
        '"UPDATE one_time_code SET used_at = %s WHERE school_id = %s AND code_hash = %s AND person_id = %s"\n'
        '                    " AND used_at IS NULL AND expires_at > %s"',
        '"UPDATE one_time_code SET used_at = %s WHERE school_id = %s AND code_hash = %s AND person_id = %s"\n'
        '                    " AND expires_at > %s"',
        (f"{DESK}::test_S21_a_code_that_both_found_good_is_used_by_one",),
    ),
    Fault(
        "S21: a code is good for ever",
        "services/identity/sign_in.py",
        "CODE_LASTS = timedelta(minutes=10)",
        "CODE_LASTS = timedelta(minutes=20)",
        (f"{DESK}::test_S21_a_code_is_good_for_ten_minutes",),
    ),
    Fault(
        "S21: a new password leaves other sessions open",
        "services/identity/sign_in.py",
        "        self._end_sessions(by, but=by.session_id)",
        "        pass",
        (f"{DESK}::test_S21_a_new_password_ends_the_other_sessions_and_the_old_password",),
    ),
    Fault(
        "S21: a new password ends a namesake's sessions at another school",
        "services/identity/sign_in.py",
        "WHERE school_id IS NOT DISTINCT FROM %s AND person_id = %s",
        "WHERE (true OR school_id = %s) AND person_id = %s",
        (f"{DESK}::test_S21_a_new_password_ends_the_other_sessions_and_the_old_password",),
    ),
    Fault(
        "S21: who came by password need not say it again",
        "services/identity/sign_in.py",
        "        if known and not self._came_by_code(by):",
        "        if False:",
        (f"{DESK}::test_S21_who_came_by_password_says_it_again_before_a_new_one",),
    ),
    Fault(
        "S21: a session is a way to guess the password",
        "services/identity/sign_in.py",
        "        if not self.passwords.is_right(current, known):\n            self._count_failure(account, now)\n",
        "        if not self.passwords.is_right(current, known):\n",
        (f"{DESK}::test_S21_a_session_is_no_way_to_guess_its_person_s_password",),
    ),
    Fault(
        "S21: a token is kept as it is",
        "services/identity/sign_in.py",
        "    return hashlib.sha256(secret.encode()).digest()",
        '    return secret.encode()[:32].ljust(32, b"\\0")',
        (f"{DESK}::test_S21_a_code_is_kept_as_a_hash_and_a_token_too",),
    ),
    Fault(
        "T13: everyone signs in as what they say",
        "services/identity/sign_in.py",
        "        if wanted is not None and wanted in held:",
        "        if wanted is not None:",
        (f"{DESK}::test_S21_there_is_one_answer_whatever_is_wrong",),
    ),
)

MESSAGING = (
    Fault(
        "S73: a warning that is recorded meanwhile does not stop a message",
        "services/messaging/commands.py",
        "standing=history.fold(",
        "standing=History(history._connect, asked.school_id).fold(",
        (f"{LETTERS}::test_S73_S70_an_outcome_that_is_recorded_while_a_message_is_decided_stops_it",),
    ),
    Fault(
        "S73: a removed guardian sends",
        "services/messaging/domain/standing.py",
        "    if standing.removed:",
        "    if False:",
        (f"{MESSAGES}::test_S73_S70_a_guardian_sends_unless_removed_suspended_or_with_a_warning_unread",),
    ),
    Fault(
        "S70: a suspended guardian sends",
        "services/messaging/domain/standing.py",
        "    if standing.suspended:",
        "    if False:",
        (f"{MESSAGES}::test_S73_S70_a_guardian_sends_unless_removed_suspended_or_with_a_warning_unread",),
    ),
    Fault(
        "S73: a second delivery counts again",
        "services/messaging/domain/standing.py",
        "    if told is not Told.UNREAD:",
        "    if False:",
        (f"{MESSAGES}::test_S73_the_first_delivery_counts",),
    ),
    Fault(
        "S73: a warning that is told again is unread again",
        "services/messaging/reactions.py",
        "    if e.warning_id in _standing(e, given).warnings:",
        "    if False:",
        (f"{OUTCOMES}::test_S73_a_warning_that_is_told_again_after_its_receipt_is_not_unread_again",),
    ),
    Fault(
        "S52: the other parent's conversation is shown",
        "services/messaging/domain/permission.py",
        "        case Capacity.GUARDIAN if caller.person_id == guardian_id:",
        "        case Capacity.GUARDIAN:",
        (f"{PARTIES}::test_S52_a_conversation_is_read_by_its_guardian_and_the_class_teachers_alone",),
    ),
    Fault(
        "S52: support staff read what parents write to the class teacher",
        "services/messaging/domain/permission.py",
        " and caller.person_id in class_teachers",
        "",
        (f"{PARTIES}::test_S52_a_conversation_is_read_by_its_guardian_and_the_class_teachers_alone",),
    ),
    Fault(
        "S52: whoever was the class teacher reads on",
        "services/messaging/domain/permission.py",
        " and class_id in caller.classes",
        "",
        (f"{PARTIES}::test_S52_a_conversation_is_read_by_its_guardian_and_the_class_teachers_alone",),
    ),
    Fault(
        "S26: a link that was cut still counts until the roster here knows",
        "services/messaging/domain/permission.py",
        "    return known and conversation.guardian_id in relations.guardians",
        "    return conversation.guardian_id in relations.guardians",
        (f"{PARTIES}::test_S26_a_link_that_was_cut_counts_where_it_is_known_first",),
    ),
    Fault(
        "S46: a guardian writes to a class that the child has left",
        "services/messaging/domain/message.py",
        "        if not facts.in_class:",
        "        if False:",
        (f"{MESSAGES}::test_S46_nobody_sends_once_guardian_child_and_class_no_longer_belong_together",),
    ),
    Fault(
        "S75: whoever is staff flags",
        "services/messaging/domain/message.py",
        "    if not facts.teaches or state.sender is not Sender.GUARDIAN:",
        "    if state.sender is not Sender.GUARDIAN:",
        (f"{MESSAGES}::test_S75_only_who_received_a_message_flags_it",),
    ),
    Fault(
        "S75: a parent who teaches the class flags their own message",
        "services/messaging/domain/message.py",
        "    if state.conversation.guardian_id == command.staff_id:",
        "    if False:",
        (f"{MESSAGES}::test_S75_a_parent_who_teaches_the_class_does_not_flag_their_own_message",),
    ),
    Fault(
        "S75: the same flag is recorded twice",
        "services/messaging/domain/message.py",
        "    if (command.staff_id, command.track) in state.flags:",
        "    if False:",
        (f"{MESSAGES}::test_S75_the_same_staff_and_track_again_is_nothing_new",),
    ),
    Fault(
        "T14: a worry about a child is flagged as misuse",
        "services/messaging/domain/message.py",
        "    if command.category not in CATEGORIES_OF[command.track]:",
        "    if False:",
        (f"{MESSAGES}::test_T14_misuse_and_a_worry_about_a_child_are_not_mixed",),
    ),
    Fault(
        "S77: messaging opens the copy of a flagged message again",
        "shared/privacy/categories.py",
        """            opened_by=frozenset({"moderation"}),
            added_by=frozenset({"messaging"}),
            erasure_decided_by="safeguarding lead",""",
        """            opened_by=frozenset({"messaging", "moderation"}),
            erasure_decided_by="safeguarding lead",""",
        (f"{COPIES}::test_S77_the_copy_of_a_flagged_message_is_opened_by_moderation_and_no_more_by_messaging",),
    ),
    Fault(
        "S73: a delivery's reason is sealed under the warning's own key",
        "shared/events/messaging.py",
        'personal(subject="delivery_id", category=Category.CONDUCT)',
        'personal(subject="warning_id", category=Category.CONDUCT)',
        (f"{COPIES}::test_S73_a_warning_whose_own_key_moderation_made_can_be_handed_over",),
    ),
)

MODERATION = (
    Fault(
        "S73: a second warning before the first is read",
        "services/moderation/domain/conduct.py",
        "            case Conduct(warning=None):\n",
        "            case Conduct(warning=None) | Conduct(warning=WarningGiven(delivered_at=None)):\n",
        (
            f"{CONDUCT}::test_S73_misuse_upheld_before_the_warning_was_delivered_counts_once",
            f"{CASES}::test_a_decision_s_conduct_is_what_the_rule_says_and_no_second_one",
        ),
    ),
    Fault(
        "S73: removal without a delivered warning",
        "services/moderation/domain/conduct.py",
        "WarningGiven(delivered_at=int(delivered)), counts_after=int(reinstated)\n"
        "            ) if message_position > delivered and",
        "WarningGiven(delivered_at=delivered), counts_after=int(reinstated)\n"
        "            ) if message_position > (delivered or 0) and",
        (f"{CONDUCT}::test_S73_misuse_upheld_before_the_warning_was_delivered_counts_once",),
    ),
    Fault(
        "S73: a message from before the delivery removes",
        "services/moderation/domain/conduct.py",
        "if message_position > delivered and message_position > reinstated:",
        "if message_position > reinstated:",
        (f"{CONDUCT}::test_S73_a_message_sent_before_the_delivery_never_removes_even_when_it_is_upheld_after_it",),
    ),
    Fault(
        "S73: a message from before the reinstatement removes",
        "services/moderation/domain/conduct.py",
        "if message_position > delivered and message_position > reinstated:",
        "if message_position > delivered:",
        (f"{CONDUCT}::test_S73_after_a_reinstatement_only_messages_after_it_count",),
    ),
    Fault(
        "S73: a reinstatement counts before messaging has it",
        "services/moderation/domain/conduct.py",
        "removal=None, reinstated=removal, counts_after=None)",
        "removal=None, reinstated=removal)",
        (f"{CONDUCT}::test_S73_until_messaging_has_recorded_the_reinstatement_nothing_stands_after_it",),
    ),
    Fault(
        "S73: a later receipt delivers again",
        "services/moderation/domain/conduct.py",
        " or state.warning.delivered_at is not None:",
        ":",
        (f"{CONDUCT}::test_S73_only_the_first_delivery_counts",),
    ),
    Fault(
        "T6: a flag that warns by itself removes",
        "services/moderation/domain/conduct.py",
        "        case Consequence.REMOVAL if misuse.staff_id is not None and state.warning is not None:",
        "        case Consequence.REMOVAL if state.warning is not None:",
        (f"{CONDUCT}::test_T6_a_flag_that_warns_by_itself_warns_and_never_removes",),
    ),
    Fault(
        "S74: re-sharing uses up the warning",
        "services/moderation/domain/conduct.py",
        "        case AccountSuspended(suspension_id=suspension):\n"
        "            return replace(state, suspension=suspension)",
        "        case AccountSuspended(suspension_id=suspension):\n"
        "            return replace(state, suspension=suspension, warning=WarningGiven(WarningId(suspension), 0))",
        (f"{CONDUCT}::test_S74_resharing_neither_uses_nor_needs_the_warning",),
    ),
    Fault(
        "T14: a concern about a child counts as misuse",
        "services/moderation/domain/decision.py",
        "    if about.track is Track.CONDUCT:",
        "    if True:",
        (f"{CASES}::test_T14_a_concern_about_a_child_is_never_misuse",),
    ),
    Fault(
        "S06: a dismissed case is decided again",
        "services/moderation/domain/case.py",
        "            return replace(state, decided=True)",
        "            return replace(state, decided=isinstance(event, FlagUpheld))",
        (f"{CASES}::test_S06_a_decision_is_final",),
    ),
    Fault(
        "S75: a later flag reopens a case",
        "services/moderation/domain/case.py",
        "            return replace(state, flags=state.flags | {flag_id})",
        "            return replace(state, flags=state.flags | {flag_id}, decided=False)",
        (f"{CASES}::test_S75_a_message_that_was_dismissed_and_is_flagged_again_is_not_reopened",),
    ),
    Fault(
        "S06: the Deputy reinstates",
        "services/moderation/domain/permission.py",
        "    if not caller.has_role(Role.HEADTEACHER):",
        "    if not (caller.has_role(*LEADERS)):",
        (
            f"{MAY_KNOW}::test_S16_each_may_do_what_the_table_says_and_nothing_else",
            f"{DECIDED}::test_S06_what_is_the_headteacher_s_is_no_deputy_s",
        ),
    ),
    Fault(
        "S06: the Deputy need not say why",
        "services/moderation/domain/deciding.py",
        "    if said is None:",
        "    if False:",
        (f"{CASES}::test_S06_the_deputy_says_why_the_headteacher_did_not_decide",),
    ),
    Fault(
        "S06: the safeguarding lead decides",
        "services/moderation/domain/permission.py",
        "    if not caller.has_role(*LEADERS):",
        "    if False:",
        (f"{MAY_KNOW}::test_S16_each_may_do_what_the_table_says_and_nothing_else",),
    ),
    Fault(
        "S75: a leader reads their own case",
        "services/moderation/domain/permission.py",
        " or caller.person_id == about:",
        ":",
        (
            f"{MAY_KNOW}::test_S75_nobody_reads_or_decides_their_own_case_whatever_they_are_at_the_school",
            f"{DECIDED}::test_S75_a_leader_who_is_the_guardian_finds_no_case",
        ),
    ),
    Fault(
        "S06: what waits is decided all the same",
        "services/moderation/commands.py",
        "        if self.queries.waits(asked.school_id, people):",
        "        if False:",
        (f"{DECIDED}::test_S06_nothing_is_decided_about_whom_an_event_waits",),
    ),
    Fault(
        "S65: a report about staff suspends",
        "services/moderation/commands.py",
        "    if not command.confirmed or about.reported_as is not ReportedAs.GUARDIAN:",
        "    if not command.confirmed:",
        (f"{DECIDED}::test_S65_a_confirmed_report_about_staff_is_recorded_and_suspends_nobody",),
    ),
    Fault(
        "S77: a decision is written into a record by hand",
        "services/moderation/domain/record.py",
        "    if command.kind is EntryKind.DECISION:",
        "    if False:",
        (f"{RECORDS}::test_S77_nobody_writes_a_decision_into_a_record_but_the_decision",),
    ),
    Fault(
        "T6: a flag warns by itself, whatever the school says",
        "services/moderation/reactions.py",
        "if not given.parameters.flag_warns_by_itself or e.track",
        "if e.track",
        (f"{FOLLOWED}::test_T6_by_default_a_flag_warns_nobody",),
    ),
    Fault(
        "T6: a flag warns by itself unless the school says otherwise",
        "shared/policy/parameters.py",
        "    flag_warns_by_itself: bool = False",
        "    flag_warns_by_itself: bool = True",
        (f"{FOLLOWED}::test_T6_by_default_a_flag_warns_nobody",),
    ),
    Fault(
        "T6: a worker cannot read what the school says",
        "shared/projections/install.py",
        'GRANT SELECT ON {} TO bookbag_reader, bookbag_worker"',
        'GRANT SELECT ON {} TO bookbag_reader"',
        (f"{SCHOOL_SAYS}::test_T6_the_worker_reads_what_the_school_has_set_and_the_policy_s_defaults_otherwise",),
    ),
)

TEXTS = (
    Fault(
        "what cannot be seen parts two names",
        "shared/policy/letters.py",
        '    "Cf": HIDDEN,',
        '    "Cf": ENDING,',
        (f"{NAMES}::test_S57_nothing_that_cannot_be_seen_hides_a_full_name",),
    ),
    Fault(
        "an emoji parts two names",
        "shared/policy/first_names.py",
        "_PARTING = frozenset({COMMA, ENDING, POSSESSIVE})",
        "_PARTING = frozenset({COMMA, ENDING, POSSESSIVE, MARK})",
        (f"{NAMES}::test_S57_emoji_and_signs_do_not_hide_a_full_name",),
    ),
    Fault(
        "a composed accent is another letter",
        "shared/policy/letters.py",
        "if any(first <= code <= last for first, last in _ACCENT_RANGES):",
        "if False:",
        (f"{NAMES}::test_S57_the_roster_s_own_form_does_not_matter",),
    ),
    Fault(
        "letters of sound and small capitals are other letters",
        "shared/policy/letters.py",
        '"abcdefghijklmnoprstuvwyzagij", strict=True))',
        '"abcdefghijklmnoprstuvwyzagij", strict=True) if False else ())',
        (f"{NAMES}::test_S57_names_are_compared_by_their_letters_as_people_see_them",),
    ),
    Fault(
        "white letters on dark ground are signs",
        "shared/policy/letters.py",
        "    for first in _DARK_LETTERS:",
        "    for first in ():",
        (f"{NAMES}::test_S57_names_are_compared_by_their_letters_as_people_see_them",),
    ),
    Fault(
        "two names between hide a full name",
        "shared/policy/first_names.py",
        "_MOST_BETWEEN = 3",
        "_MOST_BETWEEN = 1",
        (f"{NAMES}::test_S57_what_words_alone_do_not_tell_is_asked_of_the_writer",),
    ),
    Fault(
        "a name in quotation marks hides a full name",
        "shared/policy/first_names.py",
        "_AROUND = _BLANK | {MARK, APOSTROPHE}",
        "_AROUND = _BLANK",
        (f"{NAMES}::test_S57_what_words_alone_do_not_tell_is_asked_of_the_writer",),
    ),
    Fault(
        "the surname first is not looked for",
        "shared/policy/first_names.py",
        "self._backward(name, other) or forward",
        "forward",
        (f"{NAMES}::test_S57_a_first_name_next_to_the_surname_is_a_full_name",),
    ),
    Fault(
        "a title is not looked for",
        "shared/policy/first_names.py",
        "                        name.titled = name.end <= last",
        "                        name.titled = False",
        (f"{NAMES}::test_S57_what_is_no_full_name_passes",),
    ),
    Fault(
        "an initial is fine wherever it is hers",
        "shared/policy/first_names.py",
        "self._roll.count.get(first.word, 0) > 1",
        "self._roll.count.get(first.word, 0) > 0",
        (f"{NAMES}::test_S58_an_initial_is_not_needed_where_one_of_the_class_has_the_name",),
    ),
    Fault(
        "a confirmation passes everything",
        "shared/policy/findings.py",
        "(one.confirmable and confirmed)",
        "confirmed",
        (f"{NAMES}::test_S57_a_full_name_is_refused_whatever_the_writer_confirms_and_its_place_is_told_by_numbers",),
    ),
    Fault(
        "a name is looked for to the end of the text, whatever stands there",
        "shared/policy/school_names.py",
        """            if following is None:
                return
            node = following""",
        """            if following is None:
                continue
            node = following""",
        (f"{NAMES}::test_twice_the_text_is_twice_the_work",),
    ),
)

PICTURES = (
    Fault(
        "pixels are not counted before they are decoded",
        "shared/media/images.py",
        " or found.width * found.height > MOST_PIXELS",
        "",
        (f"{IMAGES}::test_what_is_too_large_is_refused",),
    ),
    Fault(
        "a side may be of any length",
        "shared/media/images.py",
        "max(found.width, found.height) > MOST_SIDE or ",
        "",
        (f"{IMAGES}::test_what_is_too_large_is_refused",),
    ),
    Fault(
        "a JPEG may have any number of scans",
        "shared/media/jpeg.py",
        "    if scans > MOST_SCANS:",
        "    if False:",
        (f"{IMAGES}::test_what_is_too_large_is_refused",),
    ),
    Fault(
        "a decoder's error gets out",
        "shared/media/images.py",
        "        except Exception:  # noqa: BLE001 - what a decoder makes of hostile bytes has no common kind",
        "        except OSError:",
        (HOSTILE,),
    ),
    Fault(
        "the decoder's place is not given back",
        "shared/media/images.py",
        "            self._places.release()",
        "            pass",
        (f"{IMAGES}::test_a_process_works_on_so_many_pictures_and_tells_one_more_to_come_again",),
    ),
    Fault(
        "a small picture is kept as it was sent",
        "shared/media/images.py",
        "    return Reencoded(_encoded(picture), _encoded(_fitted(picture, THUMBNAIL_SIDE)))",
        "    return Reencoded(Encoded(found.data, *picture.size), _encoded(_fitted(picture, THUMBNAIL_SIDE)))",
        (f"{IMAGES}::test_nothing_of_what_was_sent_but_the_picture_comes_out",),
    ),
    Fault(
        "what a JPEG tells beside its picture goes on",
        "shared/media/jpeg.py",
        'return b"" if marker in _TEXTS else segment',
        "return segment",
        (f"{IMAGES}::test_the_decoder_is_shown_nothing_but_the_picture",),
    ),
    Fault(
        "what a PNG tells beside its picture goes on",
        "shared/media/png.py",
        "        if name in _KEPT:",
        "        if True:",
        (f"{IMAGES}::test_the_decoder_is_shown_nothing_but_the_picture",),
    ),
    Fault(
        "a picture lies as the camera lay",
        "shared/media/images.py",
        "    if found.orientation in _UPRIGHT:",
        "    if False:",
        (f"{IMAGES}::test_a_picture_comes_out_upright",),
    ),
    Fault(
        "all pictures of a school are under one key",
        "shared/media/store.py",
        "Owner(school_id, media_id, Category.MEDIA)",
        "Owner(school_id, school_id, Category.MEDIA)",
        (f"{ALBUM}::test_a_picture_whose_key_was_destroyed_is_gone_for_good_and_its_like_is_untouched",),
    ),
    Fault(
        "a picture opens in another's place",
        "shared/media/store.py",
        'return b"\\0".join((school_id.bytes, media_id.bytes, variant.encode()))',
        'return b""',
        (f"{ALBUM}::test_a_picture_does_not_open_in_another_s_place",),
    ),
    Fault(
        "another service may open pictures",
        "shared/privacy/categories.py",
        'Category.MEDIA: CategoryRule(\n            opened_by=frozenset({"stories"}),',
        'Category.MEDIA: CategoryRule(\n            opened_by=frozenset({"stories", "identity"}),',
        (f"{ALBUM}::test_only_the_service_that_shows_pictures_can_open_one",),
    ),
    Fault(
        "a picture may be changed",
        "shared/media/migrations/0001.media.sql",
        "GRANT INSERT ON media_item TO bookbag_writer;",
        "GRANT INSERT, UPDATE ON media_item TO bookbag_writer;",
        (f"{ALBUM}::test_nobody_changes_a_picture",),
    ),
    Fault(
        "a worker may see pictures",
        "shared/media/migrations/0001.media.sql",
        "GRANT SELECT (school_id, media_id, variant, stored_at), DELETE",
        "GRANT SELECT, DELETE",
        (f"{ALBUM}::test_a_worker_takes_an_item_away_and_sees_no_picture",),
    ),
    Fault(
        "a reader sees every school's pictures",
        "shared/media/migrations/0001.media.sql",
        "USING (school_id = NULLIF(current_setting('bookbag.school_id', true), '')::uuid)",
        "USING (true)",
        (f"{ALBUM}::test_a_reader_sees_its_school_s_and_writes_none",),
    ),
    Fault(
        "an owner of pictures is let past the row policy",
        "shared/media/migrations/0001.media.sql",
        "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ENABLE ROW LEVEL SECURITY",
        (f"{ALBUM}::test_not_even_the_owner_is_let_past_the_row_policy",),
    ),
    Fault(
        "a browser may keep pictures",
        "shared/media/answer.py",
        '"private, no-store"',
        '"private, max-age=3600"',
        ("tests/unit/test_media_answer.py",),
    ),
    Fault(
        "an upload of any kind is taken",
        "shared/http/requests.py",
        "if operation.upload and req.content_type not in operation.upload:",
        "if False:",
        ("tests/unit/test_http_app.py::test_an_upload_of_another_kind_is_refused_and_told_which_are_taken",),
    ),
)

BUS = (
    Fault(
        "a message's MAC is not checked",
        "shared/bus/messages.py",
        "    if not _is_ours(key, body, headers):",
        "    if False:",
        (f"{BUS_LINE}::test_a_forged_event_that_links_changes_nothing_and_the_true_one_is_applied",),
    ),
    Fault(
        "what the bus is bringing is asked for of the feed as well",
        "shared/projections/follower.py",
        "return bool(self._brought.pop((source, partition), None))",
        "return False",
        (f"{FOLLOWER}::test_what_the_bus_is_bringing_to_all_is_left_to_it",),
    ),
    Fault(
        "the bus moves one consumer, and another that cannot take it has no look at the feed",
        "shared/projections/follower.py",
        "self._brought[source, partition] = any(taken) and None not in taken",
        "self._brought[source, partition] = any(taken)",
        (f"{FOLLOWER}::test_what_the_bus_is_bringing_to_all_is_left_to_it",),
    ),
    Fault(
        "a source that the bus is bringing is seen as it is now",
        "shared/projections/follower.py",
        "        if mine.keys() != heads.keys():",
        "        if False:",
        (f"{FOLLOWER}::test_a_source_whose_events_come_all_the_time_is_seen_at_the_heads_of_the_look_before",),
    ),
    Fault(
        "a bus that stands still is waited for for ever",
        "shared/projections/follower.py",
        "self._brought.pop((source, partition), None)",
        "self._brought.get((source, partition), None)",
        ("tests/unit/test_follower.py::test_a_bus_that_stands_still_between_two_looks_is_not_waited_for",),
    ),
    Fault(
        "a destroyed key is everybody's trouble who asks for theirs at the same time",
        "shared/privacy/keystore.py",
        "        return [self._alone(owners) for owners in asked]",
        "        return [self._alone(frozenset().union(*asked)) for _ in asked]",
        ("tests/integration/test_keystore.py::test_who_asks_together_with_one_whose_key_was_destroyed_gets_theirs",),
    ),
    Fault(
        "a rebuild in bulk does not look whether the log links",
        "shared/projections/bulk.py",
        "if position != at + 1 or (link and prior != link):",
        "if position != at + 1:",
        ("tests/integration/test_bulk.py::test_a_log_in_which_an_event_was_changed_is_refused",),
    ),
    Fault(
        "a rebuild in bulk takes an id however it is written, and with it what is next to it",
        "shared/projections/binary.py",
        "if set(map(len, values)) != {36} or any(written[at::36] != hyphens for at in (8, 13, 18, 23)):",
        "if False:",
        ("tests/integration/test_binary_copy.py::test_an_id_that_is_not_written_as_ids_are_is_refused",),
    ),
    Fault(
        "a bare table can be read while it is filled",
        "shared/projections/install.py",
        '"GRANT INSERT ON {} TO bookbag_worker"',
        '"GRANT INSERT, SELECT ON {} TO bookbag_worker"',
        ("tests/integration/test_bulk.py::test_readers_see_nothing_of_a_version_that_is_being_filled",),
    ),
    Fault(
        "a line of a message is taken without the strict decoder although it may hold what that refuses",
        "shared/bus/messages.py",
        " and not any(some in line for some in _DOUBTFUL):",
        ":",
        (f"{BUS_MESSAGES}::test_what_only_the_strict_decoder_refuses_is_refused",),
    ),
    Fault(
        "a message of several positions counts for its last when its first is refused",
        "shared/bus/window.py",
        "self._firsts[unsettled - self._tag - 1] - 1",
        "self._firsts[unsettled - self._tag - 1]",
        (f"{WINDOW}::test_a_message_of_several_positions_is_settled_as_one",),
    ),
    Fault(
        "a message is good for every queue",
        "shared/bus/messages.py",
        '        if envelope.type.partition(".")[0] != source or envelope.partition != partition:',
        "        if False:",
        (f"{BUS_MESSAGES}::test_an_event_of_another_source_or_partition_is_discarded",),
    ),
    Fault(
        "a batch is acknowledged before it is applied",
        "shared/bus/consuming.py",
        "        for (source, partition), envelopes in taken.events.items():\n",
        "        link.channel.basic_ack(taken.last_tag, multiple=True)\n"
        "        for (source, partition), envelopes in taken.events.items():\n",
        (f"{BUS_LINE}::test_a_consumer_that_dies_before_the_batch_is_applied_gets_it_again",),
    ),
    Fault(
        "a delivered event's link is not followed",
        "shared/projections/delivered.py",
        "            if envelope.previous != here.hash:",
        "            if False:",
        (f"{BUS_LINE}::test_an_authentic_event_that_does_not_link_is_counted_and_the_feed_has_the_true_one",),
    ),
    Fault(
        "the relay saves what is not confirmed",
        "shared/bus/window.py",
        "        unsettled = min(self._open | self._refused, default=None)",
        "        unsettled = None",
        (f"{WINDOW}::test_progress_stops_before_the_first_position_that_is_not_confirmed",),
    ),
    Fault(
        "the relay passes what the broker refused",
        "shared/bus/window.py",
        "min(self._open | self._refused, default",
        "min(self._open, default",
        (f"{WINDOW}::test_what_the_broker_refuses_is_not_passed_even_when_all_after_it_is_confirmed",),
    ),
    Fault(
        "every relay is elected",
        "shared/bus/relay.py",
        "            if row is not None and row[0]:",
        "            if row is not None:",
        (f"{BUS_LINE}::test_a_partition_has_one_relay_at_a_time_and_another_when_its_connection_is_gone",),
    ),
    Fault(
        "what nobody has a queue for is lost in silence",
        "shared/bus/relay.py",
        "            mandatory=True,",
        "            mandatory=False,",
        (f"{BUS_LINE}::test_what_nobody_has_a_queue_for_is_counted_and_passed",),
    ),
    Fault(
        "heads that are older than the cursor are taken for a divergence",
        "shared/projections/runner.py",
        "            head = self.heads(consumer.source).get(partition, head)",
        "            pass",
        (f"{MODELS}::test_heads_that_are_older_than_the_cursor_are_no_divergence",),
    ),
)

PARKING = (
    Fault(
        "what comes behind a parked event is taken",
        "shared/projections/runner.py",
        "    if (envelope.school_id, envelope.stream) in aside:\n        return BEHIND",
        "    if False:\n        return BEHIND",
        (f"{ASIDE}::test_what_comes_later_of_a_parked_stream_waits_behind_it_even_when_it_could_be_taken",),
    ),
    Fault(
        "a reaction's cursor moves without its append",
        "shared/projections/runner.py",
        "            return append(connection, decided).position\n        return 0",
        "            return 0\n        return 0",
        (f"{ASIDE}::test_what_a_reaction_appends_follows_from_the_event_and_says_so",),
    ),
    Fault(
        "a reaction appends in a transaction of its own",
        "shared/projections/runner.py",
        "                        appended = self._carried_out(connection, reaction, cause, decided)",
        "                        with self._pool.connection() as other:\n"
        "                            appended = self._carried_out(other, reaction, cause, decided)",
        (f"{ASIDE}::test_a_reaction_that_dies_after_the_append_and_before_the_commit_has_done_nothing",),
    ),
    Fault(
        "a reaction does not look where its cursor stands now",
        "shared/projections/runner.py",
        "                    if standing != at:\n                        return False",
        "                    if False:\n                        return False",
        (f"{ASIDE}::test_two_runners_at_one_event_append_once",),
    ),
    Fault(
        "a retry does not look whether another has been here",
        "shared/projections/runner.py",
        "            if not still_parked(connection, row):\n                return 0\n            tx",
        "            tx",
        (f"{ASIDE}::test_two_operators_who_retry_at_once_have_it_taken_once",),
    ),
    Fault(
        "a rebuild leaves what was parked behind",
        "shared/log/migrations/0004.parked-owner.sql",
        "USING (true) WITH CHECK (true)",
        "USING (false) WITH CHECK (false)",
        (f"{ASIDE}::test_a_rebuild_with_a_mended_handler_leaves_nothing_parked",),
    ),
)

ACCESS = (
    Fault(
        "a sanction ends no session",
        "services/identity/migrations/0103.look-up.sql",
        "        IF coalesce(standing.sanctions, 0) <> known.sanctions THEN RETURN; END IF;\n",
        "",
        (f"{ACCESS_STATES}::test_S70_S73_a_sanction_ends_every_session_and_the_next_is_a_restricted_one",),
    ),
    Fault(
        "a model that has lost a sanction opens the session again",
        "services/identity/migrations/0103.look-up.sql",
        "coalesce(standing.sanctions, 0) <> known.sanctions",
        "coalesce(standing.sanctions, 0) > known.sanctions",
        (f"{ACCESS_STATES}::test_a_model_that_has_lost_a_sanction_opens_nothing_again",),
    ),
    Fault(
        "a removed guardian's new session is not restricted",
        "services/identity/migrations/0103.look-up.sql",
        "CASE WHEN standing.removed THEN 'removed' WHEN standing.suspended",
        "CASE WHEN standing.suspended",
        (f"{ACCESS_STATES}::test_S70_S73_a_sanction_ends_every_session_and_the_next_is_a_restricted_one",),
    ),
    Fault(
        "a sanction of the guardian ends the person's work at the school",
        "services/identity/migrations/0103.look-up.sql",
        "        IF roles = '{}' THEN RETURN; END IF;",
        "        IF roles = '{}' OR EXISTS (SELECT FROM guardian_access a WHERE a.guardian_id = known.person_id)"
        " THEN RETURN; END IF;",
        (f"{ACCESS_STATES}::test_T13_a_teacher_who_is_a_removed_guardian_still_teaches",),
    ),
    Fault(
        "access is held for known however long ago moderation was seen",
        "services/identity/migrations/0103.look-up.sql",
        "clock_timestamp() - interval '5 seconds'",
        "clock_timestamp() - interval '5 hours'",
        (f"{ACCESS_STATES}::test_how_things_stand_is_known_for_five_seconds_after_moderation_was_seen",),
    ),
    Fault(
        "a sanction that is parked is forgotten",
        "services/identity/migrations/0103.look-up.sql",
        "p.source = 'moderation' AND",
        "p.source = 'nobody' AND",
        (f"{ACCESS_STATES}::test_how_things_stand_is_not_known_while_an_event_about_the_guardian_is_parked",),
    ),
    Fault(
        "a reinstatement forgets that there was a sanction",
        "services/identity/projections/access.py",
        "SET removed = false WHERE",
        "SET removed = false, sanctions = 0 WHERE",
        (f"{ACCESS_STATES}::test_S06_who_is_reinstated_is_back_in_the_session_they_have_and_not_in_those_that_ended",),
    ),
    Fault(
        "a session does not note how often its guardian was sanctioned",
        "services/identity/sign_in.py",
        "sanctions = 0 if guardian_of is None else self.queries.sanctions_of(guardian_of, person_id)",
        "sanctions = 0 if guardian_of is None else 0",
        (f"{ACCESS_STATES}::test_S70_S73_a_sanction_ends_every_session_and_the_next_is_a_restricted_one",),
    ),
    Fault(
        "the note of moderation is as fresh as the answer, not as the question",
        "services/identity/seen.py",
        "timedelta(seconds=self.monotonic() - asked)",
        "timedelta(0)",
        (f"{ACCESS_STATES}::test_how_things_stand_is_known_for_five_seconds_after_moderation_was_seen",),
    ),
    Fault(
        "a source is seen though a consumer could not take it",
        "shared/projections/follower.py",
        "        if not any(taken) and None not in taken and",
        "        if not any(taken) and",
        (f"{FOLLOWER}::test_a_source_is_not_seen_while_one_consumer_cannot_take_it",),
    ),
    Fault(
        "a guardian writes while nobody knows how they stand",
        "shared/http/caller.py",
        "            if writes and not principal.access_known and not operation.signs_out:",
        "            if False:",
        (f"{HOUSE_RULES}::test_while_it_is_not_known_how_things_stand_a_guardian_reads_and_does_not_write",),
    ),
    Fault(
        "a restricted session reaches everything",
        "shared/http/caller.py",
        "        if not principal.access.restricted or operation.restricted:",
        "        if True:",
        (f"{HOUSE_RULES}::test_a_restricted_session_reaches_its_decision_and_nothing_else",),
    ),
    Fault(
        "no 2xx is held back on an old principal",
        "shared/http/caller.py",
        "ANSWER_WITHIN = timedelta(milliseconds=500)",
        "ANSWER_WITHIN = timedelta(seconds=50)",
        (f"{HOUSE_RULES}::test_no_2xx_leaves_half_a_second_after_identity_was_asked",),
    ),
    Fault(
        "who names a decision is not made to wait for it",
        "services/identity/awaited.py",
        "            self.waiter.wait(named, self.reached, self.recorded)",
        "            pass",
        (f"{AWAITED}::test_the_decision_is_waited_for",),
    ),
)

PRIVATE_MATTERS = (
    Fault(
        "a line break ends a sentence",
        "shared/policy/phrases.py",
        r"|\n[^\S\n]*\n",
        r"|\n",
        (f"{PRIVATE}::test_S61_a_sensitive_word_near_a_child_s_name_is_found",),
    ),
    Fault(
        "an initial's stop ends a sentence",
        "shared/policy/phrases.py",
        r"(?<!\b[^\W\d_])(?<!\bDr)",
        r"(?<!\bDr)",
        (f"{PRIVATE}::test_S61_a_sensitive_word_near_a_child_s_name_is_found",),
    ),
    Fault(
        "a sentence that begins with a pronoun is about nobody",
        "shared/policy/sensitive.py",
        "(of_a_child and words[0].letters in PRONOUNS)",
        "False",
        (f"{PRIVATE}::test_S61_a_sensitive_word_near_a_child_s_name_is_found",),
    ),
    Fault(
        "a sensitive word is found where no child is named",
        "shared/policy/sensitive.py",
        "        if of_a_child:\n",
        "        if True:\n",
        (f"{PRIVATE}::test_S61_what_is_innocent_or_about_no_child_passes",),
    ),
    Fault(
        "a word is found only as the list has it",
        "shared/policy/phrases.py",
        "                for form in endings(last):",
        "                for form in (last,):",
        (f"{PRIVATE}::test_S61_a_sensitive_word_near_a_child_s_name_is_found",),
    ),
)

ASKED_BY_ANOTHER = "test_S20_S16_a_guardian_who_did_not_ask_reads_nothing_of_a_request_for_their_child"
ASKERS = "tests/integration/test_erasure_askers.py"
ESTRANGED = "tests/integration/test_sharing_answers.py"
TOLD_OF_AN_ANSWER = "test_S16_S63_who_answers_again_is_not_told_that_another_of_the_child_s_adults_answered"
OWN_PLACE = "test_S64_a_repeated_request_gets_its_own_place_and_not_that_of_a_later_answer"
COLLEAGUE_S_FLAG = "test_S76_saying_something_of_a_message_again_does_not_tell_of_a_colleague_s_flag"
WHO_HAS_LEFT = "test_S16_a_report_does_not_tell_whether_anything_was_decided_about_somebody_who_has_left"
SAME_ANSWER = "test_S20_S16_who_asks_again_gets_the_same_answer_whether_or_not_another_asked_meanwhile"
ERASURE = (
    Fault(
        "an erasure takes the safeguarding record too",
        "services/identity/domain/erasure.py",
        "if rule.erasure_decided_by is None and category not in others",
        "if category not in others",
        (f"{DECIDED_ERASURE}::{NEVER_ON_REQUEST}",),
    ),
    Fault(
        "any member of staff decides on an erasure",
        "services/identity/domain/permission.py",
        "return caller.capacity is Capacity.STAFF and caller.has_role(*DECIDES_ON_ERASURE)",
        "return caller.capacity is Capacity.STAFF",
        (f"{DECIDED_ERASURE}::test_S20_the_office_and_the_headteacher_decide_and_nobody_else_does",),
    ),
    Fault(
        "a guardian asks for another family",
        "services/identity/domain/permission.py",
        "case Capacity.GUARDIAN if subject_id == caller.person_id or subject_id in caller.children:",
        "case Capacity.GUARDIAN:",
        (f"{DECIDED_ERASURE}::test_S20_a_guardian_asks_for_themselves_and_their_own_child_and_a_pupil_for_themselves",),
    ),
    Fault(
        "the second parent who asks is not heard",
        "services/identity/domain/erasure.py",
        "    if command.requested_by in state.askers:",
        "    if state.askers:",
        (f"{DECIDED_ERASURE}::test_S20_each_adult_of_a_child_asks_for_themselves_once_whoever_asked_before",),
    ),
    Fault(
        "a parent reads that the other parent asked",
        "services/identity/domain/permission.py",
        "        return frozenset({caller.person_id})",
        "        return frozenset(askers)",
        (f"{DECIDED_ERASURE}::test_S20_S16_who_asked_reads_their_own_request_and_nobody_else_s",),
    ),
    Fault(
        "a parent who did not ask reads the other parent's request",
        "services/identity/domain/permission.py",
        "    if decided and caller.person_id == subject_id:",
        "    if decided or caller.children:",
        (f"{DECIDED_ERASURE}::{ASKED_BY_ANOTHER}",),
    ),
    Fault(
        "answering again tells by its position that the other parent answered",
        "services/identity/commands.py",
        "return at_own_place(answer, self.handler, asked.school_id, stream, is_own)",
        "return answer",
        (f"{ESTRANGED}::{TOLD_OF_AN_ANSWER}",),
    ),
    Fault(
        "the later of one's own answers is told for the earlier",
        "shared/log/own.py",
        "if one.position <= answer.position and is_own(one))",
        "if is_own(one))",
        (f"{ESTRANGED}::{OWN_PLACE}",),
    ),
    Fault(
        "flagging again tells by its position that a colleague flagged",
        "services/messaging/commands.py",
        "one.type != MessageFlagged.event_type or ",
        "True or ",
        (f"{MESSAGES}::{COLLEAGUE_S_FLAG}",),
    ),
    Fault(
        "a report tells whether something was decided about who has left",
        "services/moderation/commands.py",
        "else self.roster.has_guardian",
        "else self.queries.is_guardian",
        (f"{DECIDED}::{WHO_HAS_LEFT}",),
    ),
    Fault(
        "a sanctioned guardian cannot take a permission back",
        "services/identity/sharing_api.py",
        "NOT_FOUND, CONFLICT],\n        restricted=True,",
        "NOT_FOUND, CONFLICT],",
        (f"{ANSWERS}::test_S64_S70_a_sanction_leaves_a_guardian_the_say_over_what_is_shared_of_their_child[post]",),
    ),
    Fault(
        "asking again tells by its position that the other parent asked",
        "services/identity/erasures.py",
        "return replace(answer, position=self._asked_at(asked.school_id, command))",
        "return answer",
        (f"{ASKERS}::{SAME_ANSWER}",),
    ),
    Fault(
        "an operator erases what nobody decided",
        "services/identity/domain/erasure.py",
        "    if state.decided is None:\n        raise Refusal(NOT_FOUND)",
        "    if False:\n        raise Refusal(NOT_FOUND)",
        (f"{DECIDED_ERASURE}::test_what_nobody_at_the_school_decided_is_not_carried_out",),
    ),
    Fault(
        "who was erased still signs in",
        "services/identity/domain/erasure.py",
        "    if subject in school.accounts:",
        "    if False:",
        (f"{DECIDED_ERASURE}::test_S18_a_guardian_who_is_erased_is_nobody_s_guardian_and_signs_in_no_more",),
    ),
    Fault(
        "a roster brings back who was erased",
        "services/identity/domain/roster_import.py",
        "_without_the_erased(command, state.erased)",
        "_without_the_erased(command, frozenset())",
        ("tests/unit/test_identity_roster_import.py::" + LEFT_OUT,),
    ),
    Fault(
        "a roster does not see an erasure that is decided meanwhile",
        "services/identity/commands.py",
        "history.versions.update(_no_erasure_of(command, history.versions))",
        "pass",
        (f"{MEANWHILE}::test_S18_an_adult_who_is_erased_while_a_roster_is_decided_is_left_out_of_it",),
    ),
    Fault(
        "one destroyed key keeps the whole roster out",
        "services/identity/commands.py",
        "        except Destroyed:  # someone",
        "        except ZeroDivisionError:  # someone",
        (f"{MEANWHILE}::test_S18_a_roster_that_meets_a_key_destroyed_meanwhile_comes_in_without_that_person",),
    ),
    Fault(
        "a conversation is the guardian's alone",
        "services/messaging/erasure.py",
        'MessageSent: ("guardian_id", "pupil_id"),',
        'MessageSent: ("guardian_id",),',
        (f"{WHOSE}::test_S18_a_conversation_is_found_for_its_guardian_and_for_its_pupil_and_for_nobody_else",),
    ),
    Fault(
        "what an event lists is not looked through",
        "shared/privacy/erasure.py",
        "        if isinstance(listed, Items):",
        "        if False:",
        (f"{WHOSE}::test_S18_of_what_an_event_lists_those_are_found_that_concern_the_person",),
    ),
    Fault(
        "any certificate is taken for this installation's",
        "deploy/operator/certificate.py",
        'key.verify(b64decode(found["signature"]), canonical(found["certificate"]))',
        'b64decode(found["signature"]), canonical(found["certificate"])',
        (f"{PROOF}::test_a_written_certificate_is_recognised_and_one_with_any_value_changed_is_not",),
    ),
    Fault(
        "a reason is sealed under the award's key, which an erasure takes away",
        "shared/events/points.py",
        'personal(subject="revocation_id"',
        'personal(subject="award_id"',
        ("tests/contract/test_golden_wire_forms.py::" + GOLDEN_REVOCATION,),
    ),
)

WAITING = (
    Fault(
        "S49: a closure that is announced later forgives what was late",
        "services/messaging/domain/reply.py",
        "        due = one.working_time.still_expected_by(sent_at, one.reply_clock, told=due, now=one.since)",
        "        due = one.working_time.expected_by(sent_at, one.reply_clock)",
        (f"{REPLIES}::test_S49_it_moves_none_that_has_passed",),
    ),
    Fault(
        "S49: a closure that is announced later moves nothing",
        "services/messaging/domain/reply.py",
        "            later.append(one)",
        "            pass",
        (f"{REPLIES}::test_S49_a_closure_that_is_announced_later_moves_a_deadline_that_is_still_to_come",),
    ),
    Fault(
        "S66: families see at what hour staff work",
        "services/messaging/shapes.py",
        "    if sender is not Sender.GUARDIAN:",
        "    if False:",
        (f"{REPLIES}::test_S66_of_a_message_of_staff_s_nothing_is_said_of_hours",),
    ),
    Fault(
        "S49: what was answered is still expected",
        "services/messaging/shapes.py",
        '        "expected_by": found.expected_by if waits else None,',
        '        "expected_by": found.expected_by,',
        (
            f"{REPLIES}::test_S49_once_it_is_answered_nothing_is_expected_any_more",
            f"{REPLIES}::test_S53_who_is_asked_to_phone_is_told_the_office_s_number",
        ),
    ),
    Fault(
        "S49: a guardian is shown that an answer is late",
        "services/messaging/schemas.py",
        "    system_message = Text(required=True, allow_none=True)\n",
        "    system_message = Text(required=True, allow_none=True)\n    overdue = Flag()\n",
        (f"{REPLIES}::test_S49_no_guardian_is_shown_that_an_answer_is_late",),
    ),
    Fault(
        "S53: anybody at the school sends a guardian to the phone",
        "services/messaging/domain/message.py",
        "    if not command.teaches:\n",
        "    if False:\n",
        (f"{REPLIES}::test_S53_nobody_but_a_class_teacher_asks_and_only_a_guardian_is_asked",),
    ),
    Fault(
        "S53: a guardian is asked to phone again and again",
        "services/messaging/domain/message.py",
        "    if state.asked_to_phone:",
        "    if False:",
        (f"{REPLIES}::test_S53_to_ask_once_is_enough",),
    ),
    Fault(
        "S78: a message that was sent at night is recorded as such",
        "shared/events/messaging.py",
        "    sender: Sender\n    roster_position: int\n",
        "    sender: Sender\n    outside_hours: bool\n    roster_position: int\n",
        (f"{REPLIES}::test_S78_no_decider_and_no_event_of_messages_or_moderation_knows_of_hours",),
    ),
)

SCHOOL_TIME = (
    Fault(
        "the school's clock goes back",
        "shared/runtime/clock.py",
        "            if ahead < self._ahead():",
        "            if False:",
        (
            f"{SMALL}::test_a_school_s_clock_moves_forward_only",
            f"{CLOCK_ROUTE}::test_it_goes_forward_only",
        ),
    ),
    Fault(
        "a process reads the school's clock once",
        "shared/runtime/clock.py",
        "if (now := (found.st_ino, found.st_mtime_ns, found.st_size)) != stamp:",
        "if stamp == _NEVER_READ and (now := (found.st_ino, found.st_mtime_ns, found.st_size)):",
        (f"{SMALL}::test_who_sets_a_school_s_clock_sets_it_for_every_process_at_once",),
    ),
    Fault(
        "whoever is signed in sets the school's clock",
        "services/identity/clock_api.py",
        "        may_run_the_platform(caller(req))\n",
        "",
        (f"{CLOCK_ROUTE}::test_nobody_at_a_school_sets_it",),
    ),
    Fault(
        "production has a clock to set",
        "services/identity/api.py",
        "        if not self.development:\n            return routes\n",
        "",
        (f"{CLOCK_ROUTE}::test_in_production_there_is_no_such_address",),
    ),
    Fault(
        "S21: the school's clock lets a caller's proof go stale",
        "services/identity/principals.py",
        "        issued_at = self._real.now()",
        "        issued_at = self._clock.now()",
        (f"{PRINCIPALS}::test_S21_sessions_expire_by_the_school_s_clock_and_what_vouches_for_them_by_the_real_one",),
    ),
    Fault(
        "S21: the school's clock forgives failed tries and ends codes",
        "services/identity/sign_in.py",
        "self.indexes.attempts(school, login), self.real.now()",
        "self.indexes.attempts(school, login), self.clock.now()",
        (f"{DESK}::test_S21_the_school_s_clock_moves_sessions_and_neither_codes_nor_the_count_of_failures",),
    ),
    Fault(
        "what a reaction appends is recorded by the school's clock",
        "shared/projections/runner.py",
        "recorded_at=self._reacting.real.now()",
        "recorded_at=self._reacting.clock.now()",
        (f"{ASIDE}::test_it_occurred_by_the_school_s_clock_and_was_recorded_by_the_real_one",),
    ),
)

STORIES = (
    Fault(
        "T8: one parent's yes outweighs the other's no",
        "shared/projections/sharing.py",
        "GROUP BY s.kind HAVING bool_and(s.allowed)",
        "GROUP BY s.kind HAVING bool_or(s.allowed)",
        (f"{SHARED}::test_S63_T8_some_guardian_said_yes_and_none_says_no",),
    ),
    Fault(
        "S63: the answer of an adult who is no longer linked counts",
        "shared/projections/sharing.py",
        """        JOIN roster_guardianship g ON g.pupil_id = s.pupil_id AND g.guardian_id = s.guardian_id
        WHERE s.pupil_id = p.pupil_id GROUP BY""",
        """        WHERE s.pupil_id = p.pupil_id GROUP BY""",
        (f"{SHARED}::test_S63_the_answers_of_guardians_who_are_linked_now_count_and_no_others",),
    ),
    Fault(
        "S64: what was withdrawn is shown on",
        "shared/projections/sharing.py",
        """        WHERE s.pupil_id = {pupil} AND s.kind = {kind}
    ), false)""",
        """        WHERE s.pupil_id = {pupil} AND s.kind = {kind}
    ), false) IN (true, false)""",
        (f"{SHARED}::test_S64_what_was_approved_is_shown_while_the_permission_stands_and_hidden_once_it_is_gone",),
    ),
    Fault(
        "S64: a permission that comes back shows again what nobody looked at",
        "shared/projections/sharing.py",
        "l.kind = {kind} AND l.position > {approved}",
        "l.kind = {kind} AND false AND l.position > {approved}",
        (f"{SHARED}::test_S64_a_permission_that_comes_back_shows_nothing_before_a_new_approval",),
    ),
    Fault(
        "S64: what shows a pupil who left is shown on",
        "shared/projections/sharing.py",
        "WHERE p.pupil_id = {pupil} AND p.on_roll)",
        "WHERE p.pupil_id = {pupil})",
        (f"{SHARED}::test_S64_nothing_of_a_pupil_who_left_is_shown_nor_when_they_come_back",),
    ),
    Fault(
        "S64: a pupil who came back is shown again",
        "shared/projections/roster.py",
        " SELECT %s, %s, kind, %s FROM unnest(%s::text[]) kind",
        " SELECT %s, %s, kind, %s FROM unnest(%s::text[]) kind WHERE false",
        (f"{SHARED}::test_S64_nothing_of_a_pupil_who_left_is_shown_nor_when_they_come_back",),
    ),
    Fault(
        "S62: a new answer leaves the list as it was",
        "shared/projections/roster.py",
        """        e.allowed,
    )
    _note_lapses(tx, e.pupil_id, meta)
    _note_change(tx, e.pupil_id, meta)""",
        """        e.allowed,
    )
    _note_lapses(tx, e.pupil_id, meta)""",
        (f"{SHARED}::test_S62_a_new_answer_another_adult_a_leaver_or_a_joiner_changes_the_list",),
    ),
    Fault(
        "S62: a list that has changed since is acknowledged",
        "services/identity/domain/sharing.py",
        "    if command.list_version != current:",
        "    if False:",
        (f"{ANSWERS}::test_S62_a_list_that_has_changed_since_must_be_read_again",),
    ),
    Fault(
        "S63: a guardian answers for another family's child",
        "services/identity/domain/permission.py",
        "    if pupil_id not in caller.children:",
        "    if False:",
        (f"{ANSWERS}::test_S63_a_child_s_own_guardians_answer_and_nobody_else",),
    ),
    Fault(
        "S62: who has not read the list shows children",
        "services/stories/domain/story.py",
        "    if not permissions.list_known:",
        "    if False:",
        (f"{TALES}::test_S62_who_shows_or_names_somebody_knows_the_list",),
    ),
    Fault(
        "S63: a child without permission is shown",
        "services/stories/domain/story.py",
        "    if lacking:",
        "    if False:",
        (f"{TALES}::test_S63_one_child_without_permission_is_enough_and_is_named_by_id_alone",),
    ),
    Fault(
        "S63: a permission for one kind is one for all",
        "services/stories/domain/story.py",
        "if kind not in self.allowed.get(pupil, frozenset())]",
        "if not self.allowed.get(pupil, frozenset())]",
        (f"{TALES}::test_S63_each_kind_needs_its_own_permission",),
    ),
    Fault(
        "S63: a picture need not say whom it shows",
        "services/stories/domain/story.py",
        "    if untagged:",
        "    if False:",
        (f"{TALES}::test_S63_a_picture_says_whom_it_shows_or_that_it_shows_nobody",),
    ),
    Fault(
        "a colleague's upload is used",
        "services/stories/domain/media.py",
        "return self.uploader == staff_id and self.story is None",
        "return self.uploader is not None and self.story is None",
        (f"{TALES}::test_a_picture_is_used_by_who_uploaded_it_once",),
    ),
    Fault(
        "a picture is used in a second story, which others may read",
        "services/stories/domain/media.py",
        "return self.uploader == staff_id and self.story is None",
        "return self.uploader == staff_id",
        (f"{TALES}::test_a_picture_is_used_by_who_uploaded_it_once",),
    ),
    Fault(
        "S64: what lacks permission is approved",
        "services/stories/domain/story.py",
        "    _check_sharing(list(_tags(posted.names if command.text else (), pictures)), permissions)\n",
        "",
        (f"{TALES}::test_S64_each_picture_stands_for_itself",),
    ),
    Fault(
        "S57: a story may use full names",
        "services/stories/domain/story.py",
        "[*names, *sensitive.check(command.text, facts.roll)]",
        "sensitive.check(command.text, facts.roll)",
        (f"{TALES}::test_S57_S58_a_story_uses_first_names_only",),
    ),
    Fault(
        "S61: a story may say what is private",
        "services/stories/domain/story.py",
        "[*names, *sensitive.check(command.text, facts.roll)]",
        "names",
        (f"{TALES}::test_S57_S61_what_may_be_private_or_a_full_name_is_confirmed_first",),
    ),
    Fault(
        "S57: staff use full names in messages",
        "services/messaging/domain/message.py",
        '        refuse(found, field="text", confirmed=command.confirmed)',
        "        pass",
        (f"{MESSAGES}::test_S57_S58_staff_write_first_names_only_in_messages_too",),
    ),
    Fault(
        "S37: families post",
        "services/stories/domain/permission.py",
        "    if caller.capacity is not Capacity.STAFF:\n        raise Refusal(STAFF_ONLY, clause=SCHOOL_TO_HOME)",
        "    pass",
        (f"{AUDIENCE}::test_S37_S54_staff_of_the_class_post_and_nobody_else",),
    ),
    Fault(
        "S40: whoever was a teacher of the class reads on",
        "services/stories/domain/permission.py",
        "caller.capacity is Capacity.STAFF and class_id in caller.classes",
        "caller.capacity is Capacity.STAFF",
        (f"{AUDIENCE}::{CLASS_READERS}",),
    ),
    Fault(
        "S40: a family whose child has left the class reads on",
        "services/stories/domain/permission.py",
        "if children := _own(caller, relations) & relations.pupils:",
        "if children := _own(caller, relations):",
        (f"{AUDIENCE}::{CLASS_READERS}",),
    ),
    Fault(
        "S56: what is for one child's adults is read by every family of the class",
        "services/stories/domain/permission.py",
        "    if story.pupil_id not in own:",
        "    if False:",
        (f"{AUDIENCE}::test_S43_S56_a_story_for_one_child_s_adults_is_theirs_and_the_class_staff_s",),
    ),
    Fault(
        "another service may open stories",
        "shared/privacy/categories.py",
        'Category.STORY: CategoryRule(\n            opened_by=frozenset({"stories"}),',
        'Category.STORY: CategoryRule(\n            opened_by=frozenset({"stories", "moderation"}),',
        ("tests/unit/test_stories_domain.py::test_S16_what_a_story_says_is_opened_by_stories_alone",),
    ),
)

FOR_ITS_MONTH = "test_a_picture_that_was_posted_and_withdrawn_while_it_was_being_cleared_is_kept_for_its_month"
UP_TO_DATE = "tests/unit/test_up_to_date.py"
WALL = "tests/integration/test_stories_shown.py"
NOT_UP_TO_DATE = "test_S64_nobody_is_shown_in_a_picture_or_by_name_while_the_roster_is_not_known_to_be_up_to_date"
CLEARED = "tests/integration/test_clearing.py"
SHOWN_PICTURES = (
    Fault(
        "S64: identity's word of where its log ends counts for ever",
        "shared/projections/up_to_date.py",
        "for answer in self._answers if now - answer.asked < COUNTS_FOR)",
        "for answer in self._answers)",
        (f"{UP_TO_DATE}::test_S64_identity_s_word_counts_only_for_a_part_of_the_second",),
    ),
    Fault(
        "S64: it counts from when the answer came",
        "shared/projections/up_to_date.py",
        "Answer(now, self.heads()))",
        "(lambda heads: Answer(self.monotonic(), heads))(self.heads()))",
        (f"{UP_TO_DATE}::test_S64_it_counts_from_before_identity_was_asked",),
    ),
    Fault(
        "S64: where identity does not say, its log counts as empty",
        "shared/projections/up_to_date.py",
        "        except FeedBroken:\n            return",
        '        except FeedBroken:\n            self._answers = (Answer(now, dict.fromkeys(range(9), Head(0, b""))),)',
        (f"{UP_TO_DATE}::test_S64_while_identity_does_not_say_nothing_is_known",),
    ),
    Fault(
        "S64: a roster that hears of nothing counts as up to date once it was waited for",
        "shared/projections/up_to_date.py",
        "            self._places.release()\n        return False",
        "            self._places.release()\n        return True",
        (f"{UP_TO_DATE}::test_S64_a_roster_that_hears_of_nothing_is_not_up_to_date_after_a_bounded_wait",),
    ),
    Fault(
        "S64: pictures are shown whether or not the roster is up to date",
        "services/stories/queries.py",
        "AND NOT (%(up_to_date)s::boolean AND ",
        "AND NOT ((%(up_to_date)s::boolean OR true) AND ",
        (f"{WALL}::{NOT_UP_TO_DATE}",),
    ),
    Fault(
        "S64: a parked withdrawal does not hide",
        "services/stories/queries.py",
        "FROM parked_event k WHERE k.source = 'identity' AND t.pupil_id = ANY(k.concerns)",
        "FROM parked_event k WHERE false",
        (f"{WALL}::test_S64_a_child_is_not_shown_while_an_event_about_them_is_parked",),
    ),
    Fault(
        "a picture of a story that stands is cleared",
        "services/stories/domain/media.py",
        "if state.cleared or state.story != command.story_id or (state.story is not None and not withdrawn):",
        "if state.cleared:",
        (f"{CLEARED}::test_a_picture_that_is_posted_while_it_is_being_cleared_stays",),
    ),
    Fault(
        "a picture that was posted and withdrawn meanwhile is cleared at once",
        "services/stories/domain/media.py",
        "if state.cleared or state.story != command.story_id or (",
        "if state.cleared or (",
        (f"{CLEARED}::{FOR_ITS_MONTH}",),
    ),
    Fault(
        "a picture that was cleared meanwhile is posted",
        "services/stories/domain/media.py",
        "self.uploader == staff_id and self.story is None and not self.cleared",
        "self.uploader == staff_id and self.story is None",
        (f"{CLEARED}::test_a_picture_that_is_cleared_while_it_is_being_posted_is_in_no_story",),
    ),
    Fault(
        "the key of a picture that is cleared stays",
        "services/stories/clearing.py",
        "        self.eraser.destroy([Owner(one.school_id, one.media_id, Category.MEDIA) for one in gone], now)\n",
        "",
        (f"{CLEARED}::test_S18_an_upload_that_no_story_names_is_taken_away_with_its_key_after_a_day",),
    ),
    Fault(
        "pictures of withdrawn stories stay",
        "services/stories/projections/uploads.py",
        '"UPDATE {upload} SET idle_since = %s WHERE',
        '"UPDATE {upload} SET idle_since = NULL WHERE %s IS NOT NULL AND',
        (f"{CLEARED}::test_S18_a_withdrawn_story_s_picture_is_kept_for_a_month_and_then_taken_away",),
    ),
    Fault(
        "two workers clear at once",
        "services/stories/clearing.py",
        "if locked is None or not locked[0]:",
        "if locked is None:",
        (f"{CLEARED}::test_one_worker_clears_at_a_time",),
    ),
    Fault(
        "what a run left over stays",
        "services/stories/clearing.py",
        "            gone |= {one.media_id: one for one in self._found(connection, _LEFT_OVER)}\n",
        "",
        (f"{CLEARED}::test_what_an_interrupted_run_left_over_the_next_one_takes_away",),
    ),
    Fault(
        "who clears pictures destroys any key",
        "shared/privacy/migrations/0003.clearer.sql",
        "CREATE POLICY clears ON subject_key TO keys_clearer USING (category = 'media');",
        "CREATE POLICY clears ON subject_key TO keys_clearer USING (true);",
        (f"{CLEARED}::test_who_clears_pictures_destroys_no_other_key_and_reads_none",),
    ),
)

POSITIONS = (
    Fault(
        "a position that somebody made up is waited for",
        "shared/http/position.py",
        "if not reached(position) and recorded(position)]",
        "if not reached(position)]",
        ("tests/unit/test_http_headers.py::test_S16_a_position_that_nobody_was_told_is_passed_over",),
    ),
    Fault(
        "a command with nothing to record is answered with the head",
        "shared/log/append.py",
        "            position = _newest(cursor, command)",
        "            pass",
        (f"{COMMANDS}::test_S16_a_command_with_nothing_to_record_does_not_tell_what_happened_to_others",),
    ),
)

SHARES = "tests/integration/test_partitions.py"

PARTITIONS = (
    Fault(
        "fewer partitions than there are is taken for an answer",
        "shared/log/partitions.py",
        "    if there > number:",
        "    if False:",
        (f"{SHARES}::test_fewer_partitions_than_there_are_is_refused_and_changes_nothing",),
    ),
    Fault(
        "every new school goes into the first partition",
        "shared/log/partitions.py",
        "ORDER BY count(s.school_id), h.partition LIMIT 1",
        "ORDER BY h.partition LIMIT 1",
        (f"{SHARES}::test_new_schools_go_where_the_fewest_are_and_stay_there",),
    ),
    Fault(
        "a school registered twice at once is an error of the server's",
        "services/identity/commands.py",
        "        except UniqueViolation:",
        "        except ZeroDivisionError:",
        (f"{SHARES}::test_a_school_that_two_register_at_once_for_different_partitions_is_in_one",),
    ),
    Fault(
        "a partition that cannot be taken holds up those after it",
        "shared/projections/runner.py",
        "                failures.append(error)",
        "                raise error",
        (f"{SHARES}::test_a_partition_that_diverged_holds_up_no_other",),
    ),
    Fault(
        "a partition that cannot be published holds up those after it",
        "shared/bus/relay.py",
        "        self._stuck = partition",
        "        pass",
        (f"{SHARES}::test_a_partition_that_the_broker_does_not_answer_for_holds_up_no_other",),
    ),
)

LINES = "tests/unit/test_checkpoints.py"
SIGNED = "tests/integration/test_signed_checkpoints.py"
ANEW = "test_a_history_written_anew_with_chain_head_and_cursors_is_found_by_the_first_checkpoint_behind_it"

CHECKPOINTS = (
    Fault(
        "a rewritten history: what checkpoints remember is not compared",
        "shared/log/verify.py",
        '    return f"{other.name} remembers another event here" if other else None',
        "    return None",
        (f"{SIGNED}::{ANEW}",),
    ),
    Fault(
        "a forged checkpoint: any signature is taken",
        "shared/log/checkpoint_keys.py",
        "        return key is not None and _is_signed(key, signature, text)",
        "        return True",
        (
            f"{LINES}::test_a_checkpoint_that_a_stranger_signed_is_found_and_remembers_nothing",
            f"{SIGNED}::test_a_checkpoint_that_was_forged_for_a_rewritten_log_is_found",
        ),
    ),
    Fault(
        "a forged checkpoint: another place's line is taken",
        "shared/log/checkpoints.py",
        "    is_here = (found.service, found.partition, found.number) == (service, one.partition, one.number)",
        "    is_here = True",
        (f"{LINES}::test_a_signed_line_in_another_s_place_is_found",),
    ),
    Fault(
        "a checkpoint that is missing in the middle is passed over",
        "shared/log/checkpoints.py",
        "    if one.number != number:",
        "    if False:",
        (f"{SIGNED}::test_a_checkpoint_that_was_taken_out_so_that_a_rewritten_log_passes_is_found",),
    ),
    Fault(
        "checkpoints are not chained",
        "shared/log/checkpoints.py",
        "    if found.previous != (last.digest if last else GENESIS):",
        "    if False:",
        (f"{LINES}::test_a_checkpoint_that_does_not_follow_from_the_one_before_is_found_though_it_is_signed",),
    ),
    Fault(
        "an older log put back: a witness beyond its end is passed over",
        "shared/log/verify.py",
        "watched.items() if position > at.position), None)",
        "watched.items() if position > at.position and False), None)",
        (f"{SIGNED}::test_an_older_state_of_the_log_that_was_put_back_is_found",),
    ),
    Fault(
        "newer checkpoints taken away: what was carried elsewhere is not compared",
        "shared/log/checkpoints.py",
        "        elif (checkpoint.partition, checkpoint.number) not in here:",
        "        elif False:",
        (f"{LINES}::test_what_was_carried_away_shows_that_the_newest_were_taken_away_or_made_anew",),
    ),
    Fault(
        "a log that denies what was signed is signed again",
        "shared/log/checkpointing.py",
        " or self._denied(partition, last, head):",
        ":",
        (f"{SIGNED}::test_a_log_that_denies_what_was_signed_gets_no_checkpoint",),
    ),
    Fault(
        "a number that was used is used again",
        "shared/log/checkpointing.py",
        "            if copied > (last.number if last else 0) or self._denied(",
        "            if self._denied(",
        (f"{SIGNED}::test_a_number_that_the_copies_know_is_not_given_to_another_line",),
    ),
    Fault(
        "a key that nobody vouches for joins the ring",
        "shared/log/checkpoint_keys.py",
        "        if not _is_signed(signer or key, signature, canonical(found)):",
        "        if not _is_signed(signer or key, signature, canonical(found)) and False:",
        (f"{LINES}::test_a_ring_takes_no_key_that_the_one_before_does_not_vouch_for",),
    ),
    Fault(
        "a retired key signs on",
        "shared/log/checkpoints.py",
        " or ring.age(found.key) < ring.age(last.key)):",
        "):",
        (f"{LINES}::test_after_a_rotation_both_keys_lines_stand_and_the_old_key_signs_nothing_more",),
    ),
    Fault(
        "a service adds checkpoints of another's log",
        "shared/privacy/migrations/0004.checkpoints.sql",
        "WITH CHECK (current_user = 'keys_' || service)",
        "WITH CHECK (true)",
        (f"{SIGNED}::test_no_service_changes_takes_away_or_adds_to_another_s_checkpoints",),
    ),
)

READS_IN_ONE_TRIP = "tests/integration/test_reading.py"
SHORT_WAY = "tests/unit/test_identity_door.py"
PROVEN = "tests/unit/test_http_principal.py"
GATEWAY_E2E = "tests/e2e/test_gateway.py"
SENDS_AWAY = "test_a_process_that_has_enough_in_work_sends_the_next_client_away_at_once_and_answers_all_it_has"

REQUESTS = (
    Fault(
        "a connection that ended while it lay idle is a question that failed",
        "shared/http/asking.py",
        "            except ConnectionError:",
        "            except EOFError:",
        (f"{ASKING}::test_a_connection_that_ended_while_it_lay_idle_is_made_anew",),
    ),
    Fault(
        "a connection on which half an answer came is used again",
        "shared/http/asking.py",
        "            connection.close()\n            raise",
        "            self._idle.append(connection)\n            raise",
        (f"{ASKING}::test_what_is_no_whole_answer_is_none_and_its_connection_is_not_used_again",),
    ),
    Fault(
        "whatever bears the header is identity's word, an error too",
        "shared/hosting/api.py",
        "if answer.status != HTTPStatus.NO_CONTENT or header is None:",
        "if header is None:",
        (f"{ASKING}::test_only_a_session_that_has_ended_is_refused_and_only_a_principal_is_one",),
    ),
    Fault(
        "a read leaves its school on the connection",
        "shared/runtime/reading.py",
        "set_config('bookbag.school_id', $1, true)",
        "set_config('bookbag.school_id', $1, false)",
        (f"{READS_IN_ONE_TRIP}::test_the_next_user_of_the_connection_finds_no_school_on_it",),
    ),
    Fault(
        "a read that failed does not say so",
        "shared/runtime/reading.py",
        "        if result.status == ExecStatus.FATAL_ERROR:",
        "        if False:",
        (f"{READS_IN_ONE_TRIP}::test_a_read_that_failed_leaves_neither_a_school_nor_a_broken_connection",),
    ),
    Fault(
        "a lost connection is handed out",
        "shared/runtime/database.py",
        "    if _has_come(connection.pgconn.socket):",
        "    if False:",
        (f"{READS_IN_ONE_TRIP}::test_a_connection_that_was_lost_while_it_lay_idle_fails_nobody_s_read",),
    ),
    Fault(
        "what was verified once never expires",
        "shared/http/principal.py",
        "        return in_time(principal, now)",
        "        return principal",
        (f"{PROVEN}::test_what_was_verified_once_expires_all_the_same",),
    ),
    Fault(
        "a header is remembered by its first part alone",
        "shared/http/principal.py",
        "        principal = self._known.get(header)",
        "        principal = next((of for was, of in self._known.items() if was[:99] == header[:99]), None)",
        (f"{PROVEN}::test_a_header_that_differs_from_a_verified_one_by_a_letter_is_refused",),
    ),
    Fault(
        "what identity said lately of a session will do however old it is",
        "shared/http/caller.py",
        "        if again is None or is_older_than(again, self.clock.now(), limit):",
        "        if again is None:",
        (f"{HOUSE_RULES}::test_what_identity_said_lately_to_another_request_of_the_session_will_do",),
    ),
    Fault(
        "anybody may ask who a session is, the short way",
        "services/identity/door.py",
        "        if not is_gateway(environ.get(_GATEWAY), self._secret.reveal()):",
        "        if False:",
        (f"{SHORT_WAY}::test_who_is_not_the_gateway_is_told_nothing_and_nothing_is_looked_up",),
    ),
    Fault(
        "the short way does not wait for the decision that is named",
        "services/identity/door.py",
        'if environ["REQUEST_METHOD"] != "GET" or _POSITION in environ:',
        'if environ["REQUEST_METHOD"] != "GET":',
        (f"{SHORT_WAY}::test_what_is_not_the_plain_question_of_a_signed_in_session_goes_the_long_way",),
    ),
    Fault(
        "a process that is full gets more all the same",
        "deploy/gateway/render.py",
        " max_conns={MOST_IN_WORK};",
        ";",
        (f"{GATEWAY_E2E}::{SENDS_AWAY}",),
    ),
    Fault(
        "all that a process remembers is looked through again and again",
        "shared/runtime/garbage.py",
        "    gc.set_threshold(YOUNG, MIDDLE, FULL)\n",
        "",
        ("tests/unit/test_runtime_garbage.py::test_what_a_process_remembers_is_not_looked_through_while_it_answers",),
    ),
)

GROUP_COMMIT = (
    Fault(
        "a stream that a command only read may move",
        "shared/log/migrations/0005.group-commit.sql",
        "IF moved IS NOT NULL OR answered IS NOT NULL THEN",
        "IF answered IS NOT NULL THEN",
        (f"{COMMITTER}::test_a_stream_that_another_writer_has_moved_is_a_conflict_for_its_own_command_alone",),
    ),
    Fault(
        "commands of a group do not see one another",
        "shared/log/group.py",
        "actual = now.versions.get((command.school_id, stream), expected)",
        "actual = expected",
        (f"{COMMITTER}::{IN_GROUPS}",),
    ),
    Fault(
        "a key is looked for only where its command fits",
        "shared/log/group.py",
        "            group.claims.append(_claimed(command, command.claim))",
        "            pass",
        (f"{COMMITTER}::test_a_key_that_another_writer_has_answered_is_found_though_its_command_fits_no_more",),
    ),
    Fault(
        "events of a group do not link",
        "shared/log/group.py",
        "previous, link = link_in_hex, chain_hash(link, text)",
        "previous = link_in_hex; chain_hash(link, text)",
        (f"{COMMITTER}::test_commands_in_flight_together_each_get_their_own_answer",),
    ),
    Fault(
        "a refused row is everybody's error",
        "shared/log/committer.py",
        "            return self._apart(commands, self._outcomes)",
        "            return [NotDone() for _ in commands]",
        (f"{COMMITTER}::test_one_bad_row_touches_none_of_its_63_neighbours",),
    ),
    Fault(
        "after a lost connection nobody looks what was written",
        "shared/log/committer.py",
        "return {(row[0], row[1], row[2]): row[3] for row in rows}",
        "return {}",
        (f"{COMMITTER}::test_what_was_in_flight_on_a_lost_connection_stands_once",),
    ),
    Fault(
        "after a lost connection all is taken to be written",
        "shared/log/committer.py",
        "if position is None:\n        return None",
        "if position is None:\n        position = 1",
        (f"{COMMITTER}::test_what_was_in_flight_on_a_lost_connection_stands_once",),
    ),
    Fault(
        "what is under way when the wait ends is told to be undone",
        "shared/runtime/together.py",
        "                raise PerhapsDone\n",
        "                raise NotDone\n",
        (f"{TOGETHER}::test_whose_wait_ends_while_their_own_is_under_way_is_told_that_nobody_knows",),
    ),
    Fault(
        "who was told that nothing was done is served all the same",
        "shared/runtime/together.py",
        "                self._waiting.remove(asked)\n",
        "",
        (f"{TOGETHER}::test_who_has_waited_too_long_in_the_queue_is_taken_out_of_it_and_nothing_is_done",),
    ),
    Fault(
        "one who gave up is to wake the next",
        "shared/runtime/together.py",
        "if asked is not awake and not asked.gone:",
        "if asked is not awake:",
        (
            f"{TOGETHER}::test_who_gave_up_while_their_own_was_under_way_keeps_nobody_behind_them_waiting",
            f"{TOGETHER}::test_who_is_interrupted_keeps_nobody_behind_them_waiting",
        ),
    ),
    Fault(
        "a forked child draws its parent's random bytes",
        "shared/runtime/randomness.py",
        "        os.register_at_fork(after_in_child=self._stock.clear)\n",
        "",
        (f"{RANDOM_BYTES}::test_a_forked_child_draws_nothing_that_its_parent_draws",),
    ),
    Fault(
        "random bytes are given twice",
        "shared/runtime/randomness.py",
        "stock.pop()",
        "stock[-1] if len(stock) % 2 else stock.pop()",
        (f"{RANDOM_BYTES}::test_it_gives_as_many_bytes_as_are_asked_for_and_each_once",),
    ),
    Fault(
        "events are made anew each time they are looked at",
        "shared/log/append.py",
        "self._make(), None  # and",
        "self._make(), self._make  # and",
        (f"{COMMITTER}::test_events_are_made_once_by_who_writes_them_and_who_cannot_be_made_touches_no_neighbour",),
    ),
    Fault(
        "a refusal on what was remembered stands",
        "shared/log/commands.py",
        "                if not history.remembered:\n",
        "                if True:\n",
        (f"{COMMANDS}::test_a_refusal_rests_on_what_the_log_says_and_not_on_what_was_remembered",),
    ),
    Fault(
        "a state is carried on that the log has not come to",
        "shared/log/commands.py",
        "        if last is None:\n",
        "        if False:\n",
        (f"{COMMANDS}::test_a_state_that_the_log_has_not_come_to_is_not_carried_on",),
    ),
    Fault(
        "who was outrun passes over what is new",
        "shared/log/commands.py",
        "folded(later))",
        "folded(later[1:]))",
        (f"{COMMANDS}::test_who_was_outrun_reads_what_is_new_and_not_the_whole_stream_again",),
    ),
    Fault(
        "what an echo decided is remembered",
        "shared/log/commands.py",
        "        if not answer.earlier:",
        "        if True:",
        (f"{COMMANDS}::test_what_an_echo_decided_is_not_remembered_as_if_it_had_been_written",),
    ),
    Fault(
        "a key is at hand for as long as the process lives",
        "shared/privacy/kept.py",
        ".until <= now:",
        ".until <= 0:",
        (f"{KEPT_KEYS}::test_S20_a_key_is_at_hand_for_a_minute_and_then_its_destruction_is_known",),
    ),
    Fault(
        "one stream may be read at two versions",
        "shared/log/commands.py",
        "        if before != version:",
        "        if False:",
        (f"{COMMANDS}::test_a_decision_that_read_one_stream_twice_read_it_at_one_version",),
    ),
)

LOST = (
    Fault(
        "nobody asks whether the database's host still knows a connection",
        "shared/runtime/database.py",
        '        "keepalives_idle": 5,\n',
        "",
        (f"{FORGOTTEN}::test_who_waits_for_an_answer_of_a_host_that_knows_nothing_of_it_any_more_hears_of_it",),
    ),
    Fault(
        "the check after faults takes an event that stands twice for one",
        "tests/faults/invariants.py",
        "if len(places) != 1 or",
        "if not places or",
        (f"{INVARIANTS}::test_each_sees_what_was_tampered_with",),
    ),
    Fault(
        "a school's names stay as they were when they were first read",
        "shared/projections/roster_names.py",
        "if kept is None or kept.at != at:",
        "if kept is None:",
        (f"{ROSTER_NAMES}::test_S57_S58_who_comes_is_known_as_soon_as_the_roster_has_them",),
    ),
    Fault(
        "what rests on nothing of a stream is not expected behind what came between",
        "shared/log/commands.py",
        "known.version > self._outrun.get(stream, -1)",
        "True",
        (f"{COMMANDS}::test_what_rests_on_nothing_of_a_stream_is_written_once_behind_what_came_between",),
    ),
    Fault(
        "where a stream was not there, only what followed its first event is read",
        "shared/log/commands.py",
        "        if known.version == 0:\n",
        "        if False:\n",
        (f"{COMMANDS}::test_that_a_stream_is_not_there_is_remembered_and_not_believed",),
    ),
    Fault(
        "a version weighs as much as its stream has events",
        "shared/log/states.py",
        "return 1 if self.value is None else self.version",
        "return self.version",
        (f"{STATES}::test_a_version_alone_leaves_room_for_as_many_more_however_long_its_stream_is",),
    ),
    Fault(
        "the check after faults excuses what nobody asked for by any command that was given up",
        "tests/faults/invariants.py",
        "one.event == event and _kept(databases, one) != []",
        "one.event == event",
        (f"{INVARIANTS}::test_a_command_that_was_given_up_is_excused_only_where_its_key_says_that_it_was_done",),
    ),
    Fault(
        "after a burst it is called normal while some are still sent away",
        "bench/load.py",
        "_sent_away(after, second) <= away",
        "True",
        ("tests/unit/test_bench_load.py::test_as_great_a_part_may_be_sent_away_as_before_and_no_greater",),
    ),
    Fault(
        "the check after faults excuses every receipt that does not stand",
        "tests/faults/invariants.py",
        'return answered.event == "messaging.WarningReceived" and any(',
        'return answered.event == "messaging.WarningReceived" or any(',
        (f"{INVARIANTS}::test_a_receipt_need_not_stand_only_where_the_warning_was_rescinded_before_it_came",),
    ),
)

ABUSE = (
    Fault(
        "an id in capitals is read as the same id",
        "shared/events/wire.py",
        "    if not _UUID(text):\n",
        "    if False:\n",
        (f"{WIRE_FORMS}::test_a_value_has_one_spelling",),
    ),
    Fault(
        "an error tells what stood in a personal field",
        "shared/events/wire.py",
        "    except _ILL_TYPED:\n",
        "    except ImportError:\n",
        (f"{WIRE_FORMS}::test_a_personal_value_of_another_form_is_refused_and_the_error_tells_nothing_of_it",),
    ),
    Fault(
        "an upcast that stumbles raises whatever it stumbled over",
        "shared/events/declaration.py",
        "            except (LookupError, ValueError, TypeError, AttributeError):\n",
        "            except ImportError:\n",
        (f"{WIRE_FORMS}::test_every_version_is_led_to_the_newest_by_each_step_once_and_what_is_damaged_is_refused",),
    ),
    Fault(
        "a broken box of ciphertext raises whatever broke",
        "shared/privacy/vault.py",
        "            except (InvalidTag, ValueError):",
        "            except InvalidTag:",
        (f"{WIRE_FORMS}::test_what_is_sealed_opens_as_it_was_and_damaged_ciphertext_never",),
    ),
    Fault(
        "the gateway takes bodies of any size",
        "deploy/gateway/templates/nginx.conf",
        "    client_max_body_size %{body_limit};\n",
        "    client_max_body_size 0;\n",
        (f"tests/e2e/test_gateway.py::{BY_ITSELF}[a body that is announced as too large]",),
    ),
    Fault(
        "whoever asks for the principal is held to the length of another location",
        "deploy/gateway/render.py",
        "client_max_body_size 0;\n{skipped}",
        "client_max_body_size 65536;\n{skipped}",
        (f"{ABUSED}::test_a_session_has_two_uploads_on_their_way_at_once_and_is_told_to_wait_with_a_third",),
    ),
    Fault(
        "a session has any number of uploads on their way",
        "deploy/gateway/render.py",
        "            limit_conn uploads {SESSION_UPLOADS};\n",
        "",
        (f"{ABUSED}::test_a_session_has_two_uploads_on_their_way_at_once_and_is_told_to_wait_with_a_third",),
    ),
    Fault(
        "who reads is counted among those who send bodies",
        "deploy/gateway/templates/nginx.conf",
        """        "" "";
        0 "";
        default $binary_remote_addr;""",
        """        "~^0?$" "";
        default $binary_remote_addr;""",
        (f"{ABUSED}::{MAY_STILL_READ}[without a session]",),
    ),
)

FAULTS = (
    LOG
    + GROUP_COMMIT
    + READ_MODELS
    + PRIVACY
    + POLICY_RULES
    + IDENTITY
    + ROLES
    + WORKING_TIME
    + SCHOOL_TIME
    + WAITING
    + SIGN_IN
    + MESSAGING
    + MODERATION
    + TEXTS
    + PRIVATE_MATTERS
    + PICTURES
    + BUS
    + PARKING
    + ACCESS
    + ERASURE
    + STORIES
    + SHOWN_PICTURES
    + POSITIONS
    + ABUSE
    + PARTITIONS
    + CHECKPOINTS
    + REQUESTS
    + LOST
)
