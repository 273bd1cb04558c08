"""The read models that messaging keeps, in the order in which they are brought up to date."""

from services.messaging.projections.conversations import conversations
from services.messaging.projections.messages import messages
from shared.projections.roster import roster

PROJECTIONS = (roster, conversations, messages)
