"""Who works here and who may do and see what: organisations, users, roles, sign-in, `policy/`."""
