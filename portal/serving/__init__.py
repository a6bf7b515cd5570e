"""The server's insides: how requests come in and answers go out without a thread's waiting.

Nothing here imports Flask, SQLAlchemy or the settings when it is loaded: the first process loads
it, only watches the worker, and stays small.
"""
