"""Tests. Some of their processes start others while threads use gRPC."""

import os

# This must be set before gRPC is imported: its fork handlers now and then abort the child before it executes its
# program. Child processes of tests never use the parent's gRPC.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
