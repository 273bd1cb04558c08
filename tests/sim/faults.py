"""Seeded faults of the machinery: what the simulation must catch, each an edit in a copy of the product's own code.

From seed 0 on, half of them fail among the first 17 schedules, and the last to fail, the suspension whose end lifts a
removal too, with the 180th. `linked` and `Delivered` guard one another: a fault in
either is seen by what it raises or lets by.
"""

from tests.property.copies import Edit

APPEND = "shared/log/append.py"
CURSORS = "shared/projections/cursors.py"
DELIVERED = "shared/projections/delivered.py"
RUNNER = "shared/projections/runner.py"
RELAY = "shared/bus/relay.py"
WINDOW = "shared/bus/window.py"
IDS = "shared/runtime/ids.py"
ACCESS = "services/identity/projections/access.py"
OUTCOMES = "services/messaging/reactions.py"
CASES = "services/moderation/reactions.py"

CARRIED_OUT = "appended = self._carried_out(connection, reaction, cause, decided)\n"
MOVED = "cursors.move(connection, reaction.consumer, reaction.source, partition, to, appended=appended)\n"
APPLIED = "projection.handlers[envelope.type](tx, event, envelope)\n            cursors.move("
REACTION_LOCK = "if standing != at:\n                        return False"
LINKED = "event.position != at.position + 1 or event.previous != at.hash"
ASKED_ONCE_MORE = "head = self.heads(consumer.source).get(partition, head)"
PUBLISHED = "        window = publisher.publish(partition, saved, events)\n"
SAVED_FIRST = "        ledger.save(partition, saved + len(events))\n" + PUBLISHED
TO_HEAD = "taken += self._to_head(consumer, partition, head, suffix, log or self._sources[consumer.source])"
HANDLED = "if not handled and number < len(batch):"

FAULTS: dict[str, tuple[Edit, ...]] = {
    # cursors
    "a cursor takes any position": ((CURSORS, LINKED, "event.previous != at.hash"),),
    "a cursor takes what does not link": ((CURSORS, LINKED, "event.position != at.position + 1"),),
    "two workers react to one event": ((RUNNER, REACTION_LOCK, REACTION_LOCK.replace("return False", "pass")),),
    "a read model takes an event twice": (
        (RUNNER, "return 0  # another runner was here\n                aside", "pass\n                aside"),
    ),
    "what a reaction appends is committed before its cursor": (
        (RUNNER, CARRIED_OUT, CARRIED_OUT + " " * 20 + "connection.commit()\n"),
    ),
    "a reaction's cursor is committed before what it appends": (
        (
            RUNNER,
            " " * 24 + CARRIED_OUT,
            " " * 24 + MOVED + " " * 24 + "connection.commit()\n" + " " * 24 + CARRIED_OUT,
        ),
    ),
    "a read model's cursor moves without its last effect": (
        (
            RUNNER,
            "for event, envelope in zip(events, handled, strict=True):",
            "for event, envelope in list(zip(events, handled))[:-1]:",
        ),
    ),
    "a reaction skips to the end of a batch": ((RUNNER, HANDLED, "if number < len(batch):"),),
    "an old head is taken for the log's end": ((RUNNER, ASKED_ONCE_MORE, "pass"),),
    "the heads are not followed": ((RUNNER, TO_HEAD, "pass"),),
    # what the bus delivers
    "a gap is not read from the feed": ((DELIVERED, "return self.feed.after(partition, at, limit)", "return []"),),
    "what is delivered need not link": ((DELIVERED, "if envelope.previous != here.hash:", "if False:"),),
    "a gap is passed over, and links do not count": (
        (DELIVERED, "if envelope.position > here.position + 1:", "if False:"),
        (DELIVERED, "if envelope.previous != here.hash:", "if False:"),
        (CURSORS, f"if {LINKED}:", "if False:"),
    ),
    # the relay
    "the relay saves before it publishes": (
        (
            RELAY,
            PUBLISHED,
            SAVED_FIRST,
        ),
    ),
    "the relay saves up to the last confirm": (
        (
            WINDOW,
            "return self._last if unsettled is None else self._firsts[unsettled - self._tag - 1] - 1",
            "return self._last",
        ),
    ),
    "a refusal counts as a confirm": ((WINDOW, "self._refused |= refused", "pass"),),
    "confirms up to a tag are one confirm": (
        (WINDOW, "return [t for t in self._open if t <= tag] if multiple else [tag]", "return [tag]"),
    ),
    "one confirm is all confirms": ((WINDOW, "if t <= tag] if multiple else [tag]", "] if multiple else [tag]"),),
    "the relay keeps nothing of what it did": ((RELAY, "ledger.save(partition, window.settled)", "pass"),),
    # the log
    "expected versions are ignored": ((APPEND, "if actual[stream] != expected:", "if False:"),),
    "a request's answer is not kept": ((APPEND, "    if command.claim:\n", "    if False:\n"),),
    "the chain is not carried on": ((APPEND, "            link = envelope.hash\n", ""),),
    "the head keeps an old hash": (
        (
            APPEND,
            "(answer.position, link, command.partition)",
            "(answer.position, envelopes[0].previous, command.partition)",
        ),
    ),
    # effects
    "the ids of effects are random": (
        (IDS, 'return uuid5(cause, f"{reaction}:{index}")', "return UUID(bytes=os.urandom(16), version=4)"),
    ),
    "the school's rule warns again": ((CASES, "if standing.warning is not None:\n        return []", ""),),
    "a warning that is taken back stays unread": ((OUTCOMES, "@outcomes.on(WarningRescinded)\n", ""),),
    "a sanction is not counted": ((ACCESS, "suspended = true, sanctions = a.sanctions + 1", "suspended = true"),),
    "who is removed keeps access": ((ACCESS, "VALUES (%s, %s, true, false, 1)", "VALUES (%s, %s, false, false, 1)"),),
    "a lifted suspension lifts a removal": (
        (ACCESS, "SET suspended = false WHERE", "SET suspended = false, removed = false WHERE"),
    ),
}
