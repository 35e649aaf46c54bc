"""The watch over those who read: alerts, invented persons, leak review, the daily budget, the record for the person."""
