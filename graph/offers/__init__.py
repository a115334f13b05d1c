"""Offers: for each space of a site the right ones, for people who may or may not be known.

`definitions` has what may be said of environments, categories, offers and spaces, `catalogue` the rules that bind
them, `choice` the table of who is answered by which space, `ranking` what is offered in which order: all without I/O.
`files` reads and writes a catalogue, `catalogues` keeps it in the graph, `propositions` answers calls.
"""
