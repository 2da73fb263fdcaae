"""Simulated SMS providers on loopback, each as strict as its own documents, with the contacts' phones behind them.

`carrier` is their common base, `faults` has their faults, `outcomes` the results of texts; each provider is a package.
"""
