"""The proof that nothing is lost and nothing sent twice: the real bot, faults on both sides, and SIGKILL everywhere."""
