"""The bus: each log published in order by a relay, and consumed from queues that are a cache of it."""
