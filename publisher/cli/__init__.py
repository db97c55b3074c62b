"""The command line. Thin: parse, call one verb, print."""
