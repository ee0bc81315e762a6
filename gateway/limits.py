"""How many requests a user may send: a token bucket for each, kept by this gateway."""

from __future__ import annotations

from typing import Any

from gateway.settings import RateLimit
from gateway.upstreams import TYPES

LIMIT = "envoy.filters.http.local_ratelimit"
JWT = "envoy.filters.http.jwt_authn"

# How many buckets are kept at once; the least recently used one goes.
BUCKETS = 100_000


def user_limit(limit: RateLimit) -> dict[str, Any]:
    """The limit of the routes that need a token, by the token's subject."""
    subject = {
        "metadata": {
            "descriptor_key": "user",
            "metadata_key": {"key": JWT, "path": [{"key": "claims"}, {"key": "sub"}]},
            "source": "DYNAMIC",
        }
    }
    return _limit("adwright_users", "user", subject, limit)


def address_limit(limit: RateLimit) -> dict[str, Any]:
    """The limit of a route that needs no token, by the caller's address; for IPv6 by its network."""
    address = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
    return _limit("adwright_addresses", "masked_remote_address", address, limit)


def _limit(prefix: str, key: str, action: dict[str, Any], limit: RateLimit) -> dict[str, Any]:
    everything = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": prefix,
        # The bucket of all together is not meant to be reached; the field cannot be left out.
        "token_bucket": {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"},
        "filter_enabled": {**everything, "runtime_key": "adwright.limits"},
        "filter_enforced": {**everything, "runtime_key": "adwright.limits.enforced"},
        "rate_limits": [{"actions": [action]}],
        # An entry without a value stands for each value: a bucket of its own for each.
        "descriptors": [
            {
                "entries": [{"key": key}],
                "token_bucket": {
                    "max_tokens": limit.burst,
                    "tokens_per_fill": limit.per_second,
                    "fill_interval": "1s",
                },
            }
        ],
        "max_dynamic_descriptors": BUCKETS,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "response_headers_to_add": [
            {"header": {"key": "retry-after", "value": "1"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    }
