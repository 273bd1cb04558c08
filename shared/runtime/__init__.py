"""What every process needs and no domain knows: configuration, logging, time, ids, health."""
