"""The worker of moderation: publishes its log, follows those its read models rest on, and reacts to messaging's."""

from datetime import UTC, datetime

from nameko.timer import timer

from services.moderation.bootstrap import worker_parts
from shared.bus.subscription import Batch, subscribe
from shared.hosting.nameko_host import Part
from shared.hosting.worker import WorkerParts


class ModerationWorker:
    name = "moderation"
    parts: WorkerParts = Part(worker_parts)

    @subscribe("identity", "messaging", "points", "stories")  # type: ignore[untyped-decorator]
    def on_events(self, batch: Batch) -> None:
        self.parts.take(batch)

    @timer(interval=3600)  # type: ignore[untyped-decorator]  # nameko has no types
    def forget_old_answers(self) -> None:
        self.parts.forget_old_answers(datetime.now(UTC))


SERVICE = ModerationWorker
