"""HTTP as every service speaks it: strict in, problem+json out, the caller proven, the answer placed in the log."""
