"""The `adwright` command. It starts processes while gRPC is at work in its threads."""

import os

# Before gRPC is imported: its own handlers for forks end now and then in an abort of the child, before it is another
# program. What it starts never uses its gRPC.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
