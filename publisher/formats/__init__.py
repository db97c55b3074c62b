"""An article in the terms of each feed format. One module a format, found by its name."""
