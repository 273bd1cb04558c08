"""The read models that messaging keeps, in the order in which they are brought up to date."""

from services.messaging.projections.conversations import conversations
from services.messaging.projections.messages import messages
from services.messaging.projections.phone_requests import phone_requests
from services.messaging.projections.reply_terms import reply_terms
from shared.projections.roster import roster

PROJECTIONS = (roster, reply_terms, conversations, messages, phone_requests)
