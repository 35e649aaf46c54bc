"""The person: identity kept apart, search, possible matches. One person, many episodes."""
