"""The proof that nothing is lost or sent twice: the real bot, faults on both sides, and SIGKILL at every point."""
