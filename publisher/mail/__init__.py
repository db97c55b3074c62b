"""Pure mail work: addresses, slots, and the bytes of a message."""
