"""Where a webhook may go: no address inside the network that the server stands in, unless that is allowed.

Whoever may define a webhook could otherwise have the server speak to what only it can reach. A name is looked up at
every delivery and the connection goes to the very address that was checked, so that a name which changes in between
(DNS rebinding) leads nowhere else.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], list[str]]
"""Return the addresses of a host and port."""

UNRESOLVABLE = "unresolvable"
"""The rule that a host breaks which has no address at the moment."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.175.48.0/24",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
"""Networks of IANA's special-purpose registries that `ipaddress` counts as global, in one version of Python or all.

No host that takes webhooks has such an address: they are answered by the nearest of many servers (AS112, AMT, 6to4
relays), carry others inside (6to4, Teredo), or are for documentation and protocols.
"""
_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """An address that nothing is sent to; the message says why.

    Attributes
    ----------
    rule
        The broken rule's short name.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the address that was checked."""

    url: str
    """With the address in the host's place."""
    host: str
    """For the Host header."""
    name: str
    """The host's name, for TLS."""
    secure: bool


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, *, allow_internal: bool = False, lookup: Lookup = look_up) -> Target:
    """Look a URL's host up and hold every one of its addresses against what is internal.

    Raises
    ------
    Refused
        When it is no plain http(s) URL, its host cannot be found, or one of its addresses is internal.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("url", f"this is no URL: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname or not url.isascii() or any(c.isspace() for c in url):
        raise Refused("url", "must be an absolute http or https URL, in ASCII")
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise Refused("url", "this has no user, password or fragment: deliveries are signed with the secret")
    host, port = parts.hostname, port or _PORTS[parts.scheme]
    try:
        found = lookup(host, port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Refused(UNRESOLVABLE, f"the host {host} cannot be found")
    addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
    if not allow_internal and any(map(is_internal, addresses)):
        raise Refused(
            "internal_address",
            f"the host {host} is inside this network; KINFOLD_WEBHOOKS_ALLOW_INTERNAL=true allows such addresses",
        )
    address = next((one for one in addresses if one.version == 4), addresses[0])
    literal = f"[{address}]" if address.version == 6 else str(address)
    return Target(
        parts._replace(netloc=f"{literal}:{port}", fragment="").geturl(),
        parts.netloc,
        host,
        parts.scheme == "https",
    )


def is_internal(address: IPAddress) -> bool:
    """Return whether an address is not of the public internet, also one that is wrapped in an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_internal(address.ipv4_mapped)
        if address in _NAT64:
            return is_internal(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return True
    special = any(address in network for network in _SPECIAL if network.version == address.version)
    return special or not address.is_global or address.is_multicast or address.is_reserved
