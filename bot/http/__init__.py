"""Our own HTTP server and its routes: provider webhooks, files and exports."""
