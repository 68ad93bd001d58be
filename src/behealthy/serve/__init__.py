"""The HTTP API and the app's pages: who may call what, what comes in and goes out, and nothing of the work itself."""
