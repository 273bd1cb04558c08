"""What the processes of stories are told, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Self

from services.stories.clearing import Kept
from shared.runtime.config import ApiConfig, CommonConfig, Variables, WorkerConfig

MOST_HOURS, MOST_DAYS = 24 * 30, 366


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesConfig:
    common: CommonConfig
    api: ApiConfig

    @classmethod
    def for_api(cls) -> Self:
        return cls(common=CommonConfig.from_environment(os.environ), api=ApiConfig.from_environment(os.environ))

    @classmethod
    def for_worker(cls) -> "StoriesWorkerConfig":
        return StoriesWorkerConfig.from_environment(os.environ)


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
