"""Multiple systems estimation: how many people there are, from lists that overlap.

A library and the command `spean estimate`. It knows a table of capture patterns and nothing else: no case, no
database, no Django. Three methods stand beside each other (`stepwise`, `averaging`, `latent`); `judgement` says
whether their answer may be used, in plain words.
"""
