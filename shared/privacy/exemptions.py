"""Why a request does not erase some categories (S20): the exemption in law, and the words for who asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.policy.codes import KEPT_FOR_FAIRNESS, KEPT_FOR_SAFETY, Code
from shared.privacy.categories import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Attributes: law: the rule that lets the school keep it; code: what the person is told."""

    law: str
    code: Code


_SAFETY = Exemption(
    law="UK GDPR Article 17(3)(b): the school's duty to safeguard children (Education Act 2002, section 175)",
    code=KEPT_FOR_SAFETY,
)

EXEMPTIONS: Mapping[Category, Exemption] = MappingProxyType(
    {
        Category.FLAGGED_COPY: _SAFETY,
        Category.CONDUCT: Exemption(
            law="UK GDPR Article 17(3)(e): decisions about a person that may be appealed or challenged",
            code=KEPT_FOR_FAIRNESS,
        ),
        Category.SAFEGUARDING: _SAFETY,
    }
)
"""One for every category whose erasure is somebody's own decision."""
