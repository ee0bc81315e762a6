"""The `adwright` command."""

import os

# gRPC writes a line to standard error when a process is started while a call is under way; the children exec at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
