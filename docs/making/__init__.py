"""The pages that are made from the code, one module each with a function `page`; `docs/generate.py` writes them."""
