"""Rate limits of requests: a token bucket for each user, in the memory of each gateway."""

from __future__ import annotations

from typing import Any

from gateway.clusters import EXTENSION_TYPES
from gateway.settings import RateLimit

RATE_LIMIT_FILTER = "envoy.filters.http.local_ratelimit"
JWT_FILTER = "envoy.filters.http.jwt_authn"

# Buckets held at a time; the least recently used one is evicted.
MAX_BUCKETS = 100_000
MASKED_ADDRESS = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}


API_KEY_HEADER = "x-api-key"
# The form of services/chassis/rpc/api_keys.py: the prefix and 43 characters. Any other value is no credential, so the
# body of such a request is not read. Two expressions describe the form, because Envoy bounds the size of each: 43
# repetitions of a class of several ranges exceed it, 47 of one range do not.
API_KEY_PATTERNS = ("adw_[A-Za-z0-9_-]+", "[ -z]{47}")
HAS_API_KEY = [{"name": API_KEY_HEADER, "string_match": {"safe_regex": {"regex": regex}}} for regex in API_KEY_PATTERNS]


def user_limit(limit: RateLimit) -> dict[str, Any]:
    """Builds the limit of routes that need credentials, by the token's subject.

    The gateway does not know the owner of an API key, so each key has its own bucket. Each address that sends keys has
    one too, which bounds guessing.
    """
    subject = {
        "metadata": {
            "descriptor_key": "user",
            "metadata_key": {"key": JWT_FILTER, "path": [{"key": "claims"}, {"key": "sub"}]},
            "source": "DYNAMIC",
        }
    }
    key = {"request_headers": {"header_name": API_KEY_HEADER, "descriptor_key": "api_key"}}
    sends_keys = {"header_value_match": {"descriptor_value": "api_key", "headers": HAS_API_KEY}}
    return _limit(
        "adwright_users",
        [[subject], [key], [sends_keys, MASKED_ADDRESS]],
        [
            [{"key": "user"}],
            [{"key": "api_key"}],
            [{"key": "header_match", "value": "api_key"}, {"key": "masked_remote_address"}],
        ],
        limit,
    )


def address_limit(limit: RateLimit) -> dict[str, Any]:
    """Builds the limit of a route that needs no token, by the caller's address; for IPv6 by its /64 network."""
    return _limit("adwright_addresses", [[MASKED_ADDRESS]], [[{"key": "masked_remote_address"}]], limit)


def _limit(
    prefix: str, actions: list[list[dict[str, Any]]], descriptors: list[list[dict[str, str]]], limit: RateLimit
) -> dict[str, Any]:
    everything = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": f"{EXTENSION_TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": prefix,
        # The bucket for all requests together is mandatory; it is large enough never to be empty.
        "token_bucket": {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"},
        "filter_enabled": {**everything, "runtime_key": "adwright.limits"},
        "filter_enforced": {**everything, "runtime_key": "adwright.limits.enforced"},
        "rate_limits": [{"actions": steps} for steps in actions],
        # An entry without a value gives each value a bucket of its own.
        "descriptors": [
            {
                "entries": entries,
                "token_bucket": {
                    "max_tokens": limit.burst,
                    "tokens_per_fill": limit.per_second,
                    "fill_interval": "1s",
                },
            }
            for entries in descriptors
        ],
        "max_dynamic_descriptors": MAX_BUCKETS,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "response_headers_to_add": [
            {"header": {"key": "retry-after", "value": "1"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    }
