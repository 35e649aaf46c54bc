"""Referral: to the focal agency, to services, to the competent authority; answers, feedback, unmet need."""
