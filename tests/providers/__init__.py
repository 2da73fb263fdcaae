"""Tests of the providers: what each does beyond the contract, and what they all read and send with."""
