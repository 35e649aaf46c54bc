"""Numbers of a country: indicators, tables, disclosure control, frozen editions, figures of others. Reads only."""
