"""Results as one page that can be handed on: `benchmarks.report.report.report` writes it.

It reads results only, so it can be made on another machine than they were measured on. It needs
the `bench` extra; the modules here load without it.
"""
