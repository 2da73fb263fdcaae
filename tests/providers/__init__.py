"""Tests of the providers beyond the contract, and of their shared parsing and HTTP code."""
