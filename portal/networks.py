"""What counts as one address: limits by address must hold for whoever owns many."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=1024)
def bucket(address: str, *, v6_prefix: int = 64) -> str:
    """What counts as one address: an IPv4 address, or an IPv6 network of `v6_prefix` bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, v6_prefix), strict=False))
