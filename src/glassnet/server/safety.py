"""Who may speak to the server: only the page that it has served itself, in a browser that was given its cookie.

A browser runs every page's scripts on the user's machine, so a server on it is open to all of them unless it looks at

    Host      which name the browser thinks it is talking to: DNS rebinding shows here
    Origin    whose script is asking: other pages show here, on WebSockets too
    cookie    whether this browser was let in by a token that only the terminal showed

All three must be right. Tokens and cookies are compared in constant time.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

_MOST_VISITORS = 2000
_MOST_OF_ONE = 400  # browsers behind one address: a class may share one, and nobody else's places are taken
_READING = ("GET", "HEAD")
Role = Literal["owner", "class"]


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and if not, the status and the sentence that say so."""

    status: int = 200
    reason: str = ""
    role: Role | None = None

    @property
    def passes(self) -> bool:
        """Whether it may pass."""
        return self.status == 200


@dataclass
class Guard:
    """The rules of one server. `hosts` are the names (with port) under which it is reached.

    `launch` lets one browser in, once; `class_code` lets anybody in who has it, to the class's routes.
    """

    hosts: frozenset[str]
    cookie: str
    launch: str | None = field(default_factory=lambda: secrets.token_urlsafe(24))
    class_code: str | None = None
    _visitors: dict[str, Role] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)  # of those whom the class's code let in, in their order
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(
        self,
        method: str,
        headers: Mapping[str, list[str]],
        *,
        socket: bool = False,
        open: bool = False,
    ) -> Verdict:
        """Look at a request. `open` paths (the page's own files) need no cookie."""
        host, origin = headers.get("host", []), headers.get("origin", [])
        if len(host) != 1 or host[0].lower() not in self.hosts:
            return Verdict(421, f"got Host {_shown(host)}; expected {self._names()}. Try that address.")
        if method not in (*_READING, "POST"):
            return Verdict(405, f"got {method[:10]}; expected GET, HEAD or POST. Try GET.")
        asks = socket or method == "POST"
        if origin and (len(origin) != 1 or origin[0].lower() not in self._origins):
            return Verdict(403, f"got Origin {_shown(origin)}; expected {self._names()}. Try opening that address.")
        if asks and not origin:
            return Verdict(403, "got no Origin; expected this server's own page. Try a browser.")
        if open and not asks:
            return Verdict()
        role = self.role_of(headers.get("cookie", []))
        if role is None:
            return Verdict(
                401, "got no valid cookie; expected one from the address that the terminal shows. Try that address."
            )
        return Verdict(role=role)

    @property
    def _origins(self) -> set[str]:
        return {f"http://{host}" for host in self.hosts}

    def _names(self) -> str:
        return " or ".join(sorted(self.hosts)[:4])

    def role_of(self, cookies: Iterable[str]) -> Role | None:
        """Who the cookie's owner is; every known one is compared, so that time tells nothing."""
        found: Role | None = None
        for value in _values(cookies, self.cookie):
            for secret, role in list(self._visitors.items()):
                if same(value, secret):
                    found = role
        return found

    def renew(self) -> None:
        """A new launch token, in the place of the old one."""
        with self._lock:
            self.launch = secrets.token_urlsafe(24)

    def admit(self, token: str, address: str = "") -> str | None:
        """A new cookie for a launch token, which then is used up, or for the class's code; None for another word.

        `address` is where the browser is. Whoever uses the code over and over again takes places of that address only.
        """
        with self._lock:
            owner = self.launch is not None and same(token, self.launch)
            pupil = self.class_code is not None and same(token, self.class_code)
            if not (owner or pupil):
                return None
            if owner:
                self.launch = None
            elif not self._has_room_for(address):
                return None
            secret = secrets.token_urlsafe(24)
            self._visitors[secret] = "owner" if owner else "class"
            if not owner:
                self._addresses[secret] = address
            return secret

    def _has_room_for(self, address: str) -> bool:
        """Whether one more may come from there; the oldest of too many from one address has to go."""
        there = [secret for secret, known in self._addresses.items() if known == address]
        if len(there) >= _MOST_OF_ONE:
            del self._visitors[there[0]], self._addresses[there[0]]
        return len(self._addresses) < _MOST_VISITORS


def same(a: str, b: str) -> bool:
    """Whether two words are equal, found out in a time that does not depend on where they differ.

    >>> same("abc", "abc"), same("abc", "abd"), same("ü", "u")
    (True, False, False)
    """
    return hmac.compare_digest(a.encode("utf-8", "surrogatepass"), b.encode("utf-8", "surrogatepass"))


def _values(cookies: Iterable[str], name: str) -> list[str]:
    """The values of the cookie with this name."""
    found = []
    for line in cookies:
        for pair in line[:8192].split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                found.append(value)
    return found[:4]


def _shown(values: list[str]) -> str:
    return ", ".join(value[:60] for value in values[:3]) or "nothing"


def hosts_of(names: Iterable[str], port: int) -> frozenset[str]:
    """The spellings of `Host` for these names; without the port only where it is the usual one.

    >>> sorted(hosts_of(["127.0.0.1", "::1"], 8421))
    ['127.0.0.1:8421', '[::1]:8421']
    """
    plain = {f"[{name}]" if ":" in name else name.lower() for name in names}
    return frozenset({f"{name}:{port}" for name in plain} | (plain if port == 80 else set()))


def security_headers(hosts: Iterable[str]) -> dict[str, str]:
    """What every answer says to the browser: no other page may frame, script or read it."""
    sockets = " ".join(f"ws://{host}" for host in sorted(hosts) if not host.startswith("["))  # no policy may name ::1
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # widths and colours that a script sets; scripts are the page's own
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": f"'self' {sockets}",
        "worker-src": "'self' blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }
