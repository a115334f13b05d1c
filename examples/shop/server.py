"""The shop's own server: it knows who is logged in, and asks Kinfold for their offers.

    python examples/shop/server.py --port 8080 --kinfold http://127.0.0.1:8000

Only what is needed to see it work: logging in takes no password, and nobody stays logged in when this ends. A Kinfold
that has access keys wants two of them: SHOP_KEY is a write key with full answers, which stays here; PAGE_KEY is one
with minimal answers, and stands in the page.
"""

import argparse
import json
import os
import re
import secrets
import sys
from http.cookies import SimpleCookie
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
SPACE = "/v1/environments/customers/spaces/north-home/propositions"
SESSION, TRACKER = "shop_session", "kinfold"


def server(port: int, kinfold: str, shop_key: str = "", page_key: str = "") -> ThreadingHTTPServer:
    """Return the shop's server, not yet started.

    Parameters
    ----------
    kinfold
        Where Kinfold is, for this server and for the browsers.
    shop_key, page_key
        A write key with full answers for this server, and one with minimal answers for the page.
    """
    sessions: dict[str, str] = {}
    """By session: the email of who is logged in."""

    def ask(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {shop_key}"} if shop_key else {})
        request = Request(kinfold + path, json.dumps(body).encode(), headers)  # noqa: S310 it is Kinfold's address
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)
        except (URLError, TimeoutError) as error:
            return 503, {"detail": f"Kinfold is not at {kinfold}: {error}"}

    class Shop(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(HERE))

        def do_GET(self) -> None:
            if self.path in ("/", "/index.html"):
                self.answer(page().encode(), "text/html; charset=utf-8")
            elif self.path == "/offers":
                self.offers()
            elif self.path.rpartition(".")[2] in ("js", "css"):
                super().do_GET()
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            # Another site's form cannot send JSON without the browser asking first.
            if self.headers.get_content_type() != "application/json":
                self.send_error(415)
                return
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/login":
                session = secrets.token_urlsafe()
                sessions[session] = body["email"]
                self.answer(b"{}", cookie=f"{SESSION}={session}; Path=/; HttpOnly; SameSite=Lax")
            elif self.path == "/logout":
                sessions.pop(self.cookie(SESSION), None)
                self.answer(b"{}", cookie=f"{SESSION}=; Path=/; Max-Age=0")
            elif self.path == "/outcome":
                became = {name: body[name] for name in ("outcome", "offer") if name in body}
                status, found = ask(f"/v1/propositions/{quote(body['proposition'], safe='')}/outcome", became)
                self.answer(json.dumps(found).encode(), status=status)
            else:
                self.send_error(404)

        def offers(self) -> None:
            # Who is logged in says the session, never the page; the tracker is the browser's, from the tag's cookie.
            email, tracker = sessions.get(self.cookie(SESSION)), self.cookie(TRACKER)
            keys = ({"email": email} if email else {}) | ({"tracker_id": tracker} if tracker else {})
            status, found = ask(SPACE, keys)
            if status == 200:
                names = ("identification", "environment", "space", "fell_back", "offers", "proposition_id")
                found = {name: found[name] for name in names} | {"email": email}
            self.answer(json.dumps(found).encode(), status=status)

        def cookie(self, name: str) -> str:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
            return unquote(found.value) if found else ""

        def answer(
            self, body: bytes, kind: str = "application/json", *, status: int = 200, cookie: str | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing of each request."""

    def page() -> str:
        key = f' data-key="{page_key}"' if page_key else ""
        return re.sub(r'src="[^"]*/tag\.js"', f'src="{kinfold}/tag.js"{key}', (HERE / "index.html").read_text("utf-8"))

    return ThreadingHTTPServer(("127.0.0.1", port), Shop)


def main() -> None:
    """Serve the shop until it is stopped."""
    parser = argparse.ArgumentParser(description="The example shop, with a server of its own.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--kinfold", default="http://127.0.0.1:8000", help="where Kinfold is")
    said = parser.parse_args()
    shop = server(said.port, said.kinfold, os.environ.get("SHOP_KEY", ""), os.environ.get("PAGE_KEY", ""))
    sys.stderr.write(f"The shop is at http://127.0.0.1:{shop.server_port}.\n")
    try:
        shop.serve_forever()
    except KeyboardInterrupt:
        shop.server_close()


if __name__ == "__main__":
    main()
