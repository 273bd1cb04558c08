"""The worker of stories: publishes its log, follows those that its read models rest on, and clears away what is old."""

from datetime import UTC, datetime

from nameko.timer import timer

from services.stories.bootstrap import StoriesWorkerParts, worker_parts
from shared.bus.subscription import Batch, subscribe
from shared.hosting.nameko_host import Part


class StoriesWorker:
    name = "stories"
    parts: StoriesWorkerParts = Part(worker_parts)

    @subscribe("identity")  # type: ignore[untyped-decorator]
    def on_events(self, batch: Batch) -> None:
        self.parts.take(batch)

    @timer(interval=3600)  # type: ignore[untyped-decorator]  # nameko has no types
    def forget_old_answers(self) -> None:
        self.parts.forget_old_answers(datetime.now(UTC))

    @timer(interval=300)  # type: ignore[untyped-decorator]
    def clear_pictures(self) -> None:
        self.parts.clear_pictures(datetime.now(UTC))


SERVICE = StoriesWorker
