"""What feed readers and people meet over HTTP. Thin: parse, call one verb, render."""
