"""How messages leave. One module a kind; one object is one connection: see `publisher.ports.Transport`."""
