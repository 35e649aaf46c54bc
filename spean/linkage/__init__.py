"""Linking lists of persons: within one list, across lists, and between agencies that show each other no names.

A library and three commands. No tables, no Django, no room but `lib`; what a country knows (places, nationalities) is
passed in. `records` reads rows into numbers, `blocking` finds pairs worth comparing, `compare` says how they agree,
`model` what that agreement is worth, `clusters` who is one person. Nothing here decides about a person in the
system: that is `people.matching` and, in the end, a human being.
"""
