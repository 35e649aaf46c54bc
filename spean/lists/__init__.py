"""Partner lists and the linked register: who was on whose list, each person counted once.

Agencies send their lists (`sheet` and `judging` read them, `delivering` takes them in); `linking` finds who stands on
several, in memory; people decide what the machine cannot (`pairs`). No name is stored unsealed, and nobody is merged:
a cluster is an answer of one linking, a decision a row of its own.
"""
