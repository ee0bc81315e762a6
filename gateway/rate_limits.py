"""How many requests a user may send: a token bucket for each, kept by this gateway."""

from __future__ import annotations

from typing import Any

from gateway.clusters import EXTENSION_TYPES
from gateway.settings import RateLimit

RATE_LIMIT_FILTER = "envoy.filters.http.local_ratelimit"
JWT_FILTER = "envoy.filters.http.jwt_authn"

# How many buckets are kept at once; the least recently used one goes.
MAX_BUCKETS = 100_000
MASKED_ADDRESS = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}


API_KEY_HEADER = "x-api-key"
# The form of services/chassis/rpc/api_keys.py: the prefix and 43 characters. Anything else is no credential, so that
# nothing of such a request is read. Two expressions for one form, because Envoy bounds the size of each: 43 of a class
# of several ranges are too many, 47 of one range are not.
API_KEY_PATTERNS = ("adw_[A-Za-z0-9_-]+", "[ -z]{47}")
HAS_API_KEY = [{"name": API_KEY_HEADER, "string_match": {"safe_regex": {"regex": regex}}} for regex in API_KEY_PATTERNS]


def user_limit(limit: RateLimit) -> dict[str, Any]:
    """The limit of the routes that need a token, by the token's subject. Whose an API key is, is not known here: each
    key has a bucket of its own, and so has each address that sends keys, lest somebody guess them."""
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
    """The limit of a route that needs no token, by the caller's address; for IPv6 by its network."""
    return _limit("adwright_addresses", [[MASKED_ADDRESS]], [[{"key": "masked_remote_address"}]], limit)


def _limit(
    prefix: str, actions: list[list[dict[str, Any]]], descriptors: list[list[dict[str, str]]], limit: RateLimit
) -> dict[str, Any]:
    everything = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": f"{EXTENSION_TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": prefix,
        # The bucket of all together is not meant to be reached; the field cannot be left out.
        "token_bucket": {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"},
        "filter_enabled": {**everything, "runtime_key": "adwright.limits"},
        "filter_enforced": {**everything, "runtime_key": "adwright.limits.enforced"},
        "rate_limits": [{"actions": steps} for steps in actions],
        # An entry without a value stands for each value: a bucket of its own for each.
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
