"""Which read models may show personal texts, and building them anew: keys that are gone by now open nothing there.

An erasure needs it, and so does a restore: a backup's read models hold in plain text what was erased since.
"""

from collections.abc import Callable, Collection, Iterator
from importlib import import_module

from deploy.operator.config import OperatorConfig
from deploy.operator.maintenance import maintenance_of
from shared.events.declaration import REGISTRY, personal_marks
from shared.privacy.categories import Category
from shared.projections.declaration import Projection
from shared.projections.rebuild import Progress


def rebuilt(
    config: OperatorConfig, service: str, categories: Collection[Category], follow: Callable[[str], Progress]
) -> Iterator[str]:
    """Builds anew a service's read models that may show a text of these categories, and names each once it stands."""
    projections = [
        projection
        for projection in import_module(f"services.{service}.projections").PROJECTIONS
        if not _categories_of(projection).isdisjoint(categories)
    ]
    if not projections:
        return
    with maintenance_of(config, service, projections) as maintenance:
        for projection in projections:
            name = f"{service}.{projection.name}"
            maintenance.rebuilder.rebuild(projection, follow(name))
            yield name


def _categories_of(projection: Projection) -> frozenset[Category]:
    events = [event for name in projection.handlers if (event := REGISTRY.of(name))]
    return frozenset(mark.category for event in events for mark in personal_marks(event).values())
