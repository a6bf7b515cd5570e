"""What the portal refused: who, what kind, which page, how often; never what was typed.

Refusals are counted in memory and written every ten seconds, all together in one transaction: a
flood of them costs the database no more than one. A process that is killed loses what it counted
since then.
"""
