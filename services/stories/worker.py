"""The worker of stories: publishes its log, follows those that its read models rest on, and clears old answers away."""

from datetime import UTC, datetime

from nameko.timer import timer

from services.stories.bootstrap import worker_parts
from shared.bus.subscription import Batch, subscribe
from shared.hosting.nameko_host import Part
from shared.hosting.worker import WorkerParts


class StoriesWorker:
    name = "stories"
    parts: WorkerParts = Part(worker_parts)

    @subscribe("identity")  # type: ignore[untyped-decorator]
    def on_events(self, batch: Batch) -> None:
        self.parts.take(batch)

    @timer(interval=3600)  # type: ignore[untyped-decorator]  # nameko has no types
    def forget_old_answers(self) -> None:
        self.parts.forget_old_answers(datetime.now(UTC))


SERVICE = StoriesWorker
