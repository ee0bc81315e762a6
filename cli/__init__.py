"""The `adwright` command."""

import os

# This process starts child processes while gRPC threads run. gRPC's fork handlers sometimes abort the child between
# fork and exec, and the child never uses the parent's gRPC channels. The variable is read when gRPC is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
