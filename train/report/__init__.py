"""A page about a trained network that can be handed on: what it does, where it fails, and why.

`train.report.subject.find` reads what the report is about, `train.report.report.report` writes it,
`train.report.compare.compare` sets several side by side.
"""
