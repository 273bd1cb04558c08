"""What the processes of stories are told, read once from the environment: no more than every service's are."""

import os
from dataclasses import dataclass
from typing import Self

from shared.runtime.config import ApiConfig, CommonConfig, WorkerConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesConfig:
    common: CommonConfig
    api: ApiConfig

    @classmethod
    def for_api(cls) -> Self:
        return cls(common=CommonConfig.from_environment(os.environ), api=ApiConfig.from_environment(os.environ))

    @classmethod
    def for_worker(cls) -> WorkerConfig:
        return WorkerConfig.from_environment(os.environ)
