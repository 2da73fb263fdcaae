"""Pretend SMS companies on loopback, each as strict as its own document, with customers' phones on the other side.

`carrier` is what they share, `faults` how they misbehave, `outcomes` what becomes of a text; one package per company.
"""
