"""The next issue as it would be now: for the command line, and live in a browser.

Looking changes nothing: no row is written, nothing is sent, and the links of a mail that is
shown lead nowhere. `publisher.app.coming` makes the mail of one reader,
`publisher.preview.checking` has it examined, and `publisher.preview.live` shows both in a
browser, afresh whenever something changes.
"""
