"""Running the product: state directory, embedded PostgreSQL, processes, demonstration.

No domain rules and no models live here; nothing in a room imports it.
"""
