"""The worker of identity: publishes its log, follows it and moderation's, and clears away what has ended."""

from datetime import UTC, datetime

from nameko.timer import timer

from services.identity.bootstrap import IdentityWorkerParts, worker_parts
from shared.bus.subscription import Batch, subscribe
from shared.hosting.nameko_host import Part


class IdentityWorker:
    name = "identity"
    parts: IdentityWorkerParts = Part(worker_parts)

    @subscribe("moderation")  # type: ignore[untyped-decorator]
    def on_events(self, batch: Batch) -> None:
        self.parts.take(batch)

    @timer(interval=3600)  # type: ignore[untyped-decorator]  # nameko has no types
    def forget_old_answers(self) -> None:
        self.parts.forget_old_answers(datetime.now(UTC))

    @timer(interval=300)  # type: ignore[untyped-decorator]
    def forget_what_has_ended(self) -> None:
        self.parts.forget_what_has_ended(datetime.now(UTC))


SERVICE = IdentityWorker
