"""Numbers of a country: indicators, tables, protection of small counts, frozen editions, figures of others. Reads only.

`disclosure.protect` decides what may be published; `formats` writes it; `synthetic` makes records that belong to
nobody. These know tables of counts and nothing else: no case, no person, no database, no Django.
"""
