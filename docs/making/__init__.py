"""Pages generated from the code, one module each with a function `page_text`. `docs/generate.py` writes them."""
