"""Tests. Some processes of theirs start others while gRPC is at work in threads."""

import os

# Before gRPC is imported: its own handlers for forks end now and then in an abort of the child, before it is another
# program. Children of tests never use the parent's gRPC.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
