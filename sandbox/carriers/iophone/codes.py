"""Error codes of failure webhooks. IO Phone documents only 4720.

It resells Bandwidth, which has this table: https://github.com/Bandwidth/api-docs (`site/docs/messaging/errors.mdx`).
"""

from __future__ import annotations

SLUGS = {
    4001: "service-not-allowed",
    4301: "malformed-invalid-encoding",
    4302: "malformed-invalid-from-number",
    4303: "malformed-invalid-to-number",
    4350: "malformed-for-destination",
    4360: "message-not-sent-expiration-date-passed",
    4401: "rejected-routing-error",
    4403: "rejected-forbidden-from-number",
    4404: "rejected-forbidden-to-number",
    4405: "rejected-unallocated-from-number",
    4406: "rejected-unallocated-to-number",
    4410: "media-unavailable",
    4411: "rejected-message-size-limit-exceeded",
    4412: "media-content-invalid",
    4420: "rejected-carrier-does-not-exist",
    4421: "rejected-forbidden-no-destination",
    4432: "rejected-forbidden-country",
    4470: "rejected-spam-detected",
    4481: "rejected-from-number-in-blacklist",
    4482: "rejected-to-number-in-blacklist",
    4492: "reject-emergency",
    4700: "invalid-service-type",
    4701: "destination-service-unavailable",
    4702: "destination-subscriber-unavailable",
    4711: "rejected-message-size-limit-exceeded",
    4712: "media-content-invalid",
    4720: "invalid-destination-address",
    4721: "destination-tn-deactivated",
    4730: "no-route-to-destination-carrier",
    4740: "invalid-source-address-address",
    4750: "destination-rejected-message",
    4753: "destination-rejected-handset",
    4770: "destination-spam-detected",
    4771: "rejected-shortened-url",
    4772: "rejected-tn-blocked",
    4773: "inactive-campaign",
    4775: "destination-rejected-due-to-user-opt-out",
    4795: "tfn-not-verified",
    5220: "concatenation-timeout",
    5500: "message-send-failed",
    5600: "carrier-queue-full",
    9902: "delivery-receipt-expired",
    9999: "unknown-error",
}


def slug(code: int) -> str:
    """Returns the `description` of a failure webhook."""
    return SLUGS.get(code, "unknown-error")
