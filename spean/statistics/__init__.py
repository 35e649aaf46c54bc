"""Statistics that leave the country: tables of counts, protected and written in the forms others read.

`disclosure.protect` decides what may be published; `formats` writes it; `synthetic` makes records that belong
to nobody. These modules know tables of counts and nothing else: no case, no person, no database, no Django.
"""
