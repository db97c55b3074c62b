"""Where articles come from. One module a kind, found by its name: see `publisher.ports.Source`."""
