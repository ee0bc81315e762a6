"""Bounds that all batchers of this service share (see services.chassis.data.batcher)."""

MAX_BATCH = 256
MAX_WAITING = 4_000  # 4 s of arrivals at 1,000/s; callers time out after that
