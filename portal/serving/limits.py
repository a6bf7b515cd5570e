"""All limits of the server, and why they are what they are. Sizes are bytes."""

THREADS = 8
# So many requests are worked on at once, unless they take longer than a turn: then they wait for
# something. Two keep a processor busy while one of them asks PostgreSQL; with several workers the
# others do, and a newcomer who would have to wait is left to them. See `turns.py`, and for how it
# was measured docs/adr/0013-requests-take-turns.md.
AT_ONCE = 2
AT_ONCE_BESIDE_OTHERS = 1
TURN_SECONDS = 0.05
# The shortest sleep of the main loop while somebody waits, who may be too large to begin.
NAP_SECONDS = 0.002
# A request waits for a thread at most this long; then its client is told to come again. Proxies
# give up after a minute.
WAIT_SECONDS = 30

# A request must be here this long after its connection or its first byte; a long one may go on at
# BYTES_A_SECOND.
ARRIVES_SECONDS = 20
BYTES_A_SECOND = 16 * 1024
# For how long a connection without a next request stays open, also when the server stops.
KEPT_ALIVE_SECONDS = 15
KEPT_ALIVE_WHEN_STOPPING_SECONDS = 2

# Headers, and bodies that stay in memory (forms are far smaller). What is larger (files) waits on
# the disk; so many of them are worked on at once, so many come from one address.
GATHERED_BYTES = 64 * 1024
LARGE_AT_ONCE = 3
LARGE_FROM_ONE_ADDRESS = 12
LARGE_BYTES = 512 * 1024 * 1024
# A body in chunks may have so many, and then one for so many bytes: each costs time.
CHUNKS_FREELY = 1_000
CHUNK_BYTES = 512
# How long a line between chunks may be, and everything after the last one.
CHUNK_LINE_BYTES = 1024
TRAILER_BYTES = 8 * 1024

# A client must take some of its answer within SEND_SECONDS, and all of it at SENT_A_SECOND. What it
# does not take at once is kept, small answers in memory, larger ones on the disk.
SEND_SECONDS = 30
SENT_A_SECOND = 512
KEPT_BYTES = 64 * 1024
ANSWERS_BYTES = 512 * 1024 * 1024
# The kernel takes so much before it is asked for: then progress is what the line really carries.
UNSENT_BYTES = 16 * 1024

# For how long a client may go on sending after the last answer, lest it miss that.
LINGER_SECONDS = 2
LINGER_AT_MOST_SECONDS = 60

# Open connections. Beyond, the one that has been silent longest makes room. Behind a proxy all come
# from one address, and the proxy has to limit addresses.
CONNECTIONS = 1_000
CONNECTIONS_FROM_ONE_ADDRESS = 100
ACCEPTED_AT_ONCE = 64
FILES = 8_192
