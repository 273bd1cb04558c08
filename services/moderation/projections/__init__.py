"""The read models that moderation keeps, in the order in which they are brought up to date."""

from services.moderation.projections.appeals import appeals
from services.moderation.projections.cases import cases
from services.moderation.projections.guardian_ledger import guardian_ledger
from services.moderation.projections.records import records
from services.moderation.projections.reportable_awards import reportable_awards
from services.moderation.projections.reportable_messages import reportable_messages
from services.moderation.projections.reportable_stories import reportable_stories
from services.moderation.projections.reshare_reports import reshare_reports
from services.moderation.projections.standing import standing
from shared.projections.roster import roster

PROJECTIONS = (
    roster,
    cases,
    records,
    standing,
    guardian_ledger,
    reshare_reports,
    appeals,
    reportable_awards,
    reportable_messages,
    reportable_stories,
)
