"""Where a connection comes from, as far as it counts."""

from ipaddress import IPv4Address, IPv6Network, ip_address

from keystead.domain.throttle import LOCAL

_HOME_BITS = 64  # of an IPv6 address; whoever has one has all that share them


def source_of(peer: object) -> str:
    """Name the source of a connection by the address of its peer.

    Args:
        peer: as ``socket.getpeername`` gives it: a tuple for IPv4 and IPv6, else a Unix socket.

    Returns:
        The IPv4 address, the IPv6 network of /64, or "local" for a Unix socket.

    Source: RFC 4291 2.5.5.2 (IPv4-mapped addresses), RFC 6177 (sites get /64 or more).

    >>> source_of(("192.0.2.7", 1234)), source_of(("2001:db8::7", 1234, 0, 0))
    ('192.0.2.7', '2001:db8::/64')
    >>> source_of(("::ffff:192.0.2.7", 1234, 0, 0)), source_of("")
    ('192.0.2.7', 'local')
    """
    if not isinstance(peer, tuple):
        return LOCAL
    address = ip_address(str(peer[0]).partition("%")[0])
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _HOME_BITS), strict=False))
