"""What the worker of stories is told beside what every worker is."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Self

from services.stories.clearing import Kept
from shared.runtime.config import Variables, WorkerConfig

MOST_HOURS, MOST_DAYS = 24 * 30, 366


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesWorkerConfig(WorkerConfig):
    """Attributes: kept: how long a picture is kept that is in no story that stands."""

    kept: Kept

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigError for the first variable that is missing or wrong."""
        worker, read = WorkerConfig.from_environment(environment), Variables(environment)
        hours = read.whole("BOOKBAG_UNPOSTED_KEPT_HOURS", least=1, most=MOST_HOURS, default=24)
        days = read.whole("BOOKBAG_WITHDRAWN_KEPT_DAYS", least=1, most=MOST_DAYS, default=30)
        told = {field.name: getattr(worker, field.name) for field in fields(worker)}
        return cls(**told, kept=Kept(unposted=timedelta(hours=hours), withdrawn=timedelta(days=days)))
