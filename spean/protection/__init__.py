"""Rights information, the recovery and reflection period, risk and needs."""
