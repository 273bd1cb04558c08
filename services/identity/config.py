"""What the processes of identity are told, read once from the environment."""

import os
from dataclasses import dataclass
from typing import Self

from shared.runtime.config import ApiConfig, CommonConfig, Secret, ServiceConfig, Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfig(ServiceConfig):
    """Attributes: signing_key: PEM of the Ed25519 key that vouches for callers."""

    index_key: Secret[bytes]
    signing_key: Secret[bytes]
    operator_password: Secret[str]

    @classmethod
    def for_api(cls) -> Self:
        read = Variables(os.environ)
        return cls(
            common=CommonConfig.from_environment(os.environ),
            api=ApiConfig.from_environment(os.environ),
            index_key=read.key("BOOKBAG_INDEX_KEY_FILE"),
            signing_key=Secret(read.file("BOOKBAG_PRINCIPAL_SIGNING_KEY_FILE")),
            operator_password=read.secret_text("BOOKBAG_OPERATOR_PASSWORD_FILE"),
        )
