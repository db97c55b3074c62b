"""How messages leave. One module a kind, one object a connection: `publisher.ports.Transport`."""
