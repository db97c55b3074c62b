"""Other people's feeds, from the bytes of an answer to entries. No module here does any I/O.

`read` tells the formats apart: `jsonfeed` reads JSON Feed, `guard` makes any XML fit for the
parser and `xmlfeed` reads it. `identity` gives each entry its guid, `hubs` finds who tells of
news in the feed.
"""
