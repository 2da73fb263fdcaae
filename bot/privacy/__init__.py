"""One person's rights: export, erasure, and how long anything is kept."""
