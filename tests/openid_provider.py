"""An OpenID provider on a port of this machine, and an app that signs people in with it."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from tests.app_server import free_port, wait_for

COOKIE_SECRET = "a-cookie-secret-of-the-tests-0123456789"


class Provider:
    """Signs in, without a question, the person whose `claims` are set.

    `signed_out` counts visits of its own sign-out page.
    """

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.signed_out = 0
        self.url = f"http://127.0.0.1:{free_port()}"
        self._key = RSAKey.generate_key(2048, {"kid": "tests"})
        self._codes: dict[str, str | None] = {}
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._about),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._keys),
                Route("/end", self._end),
            ]
        )
        port = int(self.url.rpartition(":")[2])
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for(lambda: self._server.started, seconds=60, why="the provider")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    async def _about(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/end",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self._codes[code] = asked.get("nonce")
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        nonce = self._codes.pop(str(form["code"]))
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": "workbench", "sub": "1", "iat": now, "exp": now + 3600,
            **({"nonce": nonce} if nonce else {}), **self.claims,
        }  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": "tests"}, claims, self._key)
        return JSONResponse(
            {"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "id_token": token}
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _end(self, request: Request) -> Response:
        self.signed_out += 1
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=302)


def write_secrets(
    path: Path, port: int, access: str, *, provider: str = "http://127.0.0.1:9", base: str = ""
) -> Path:
    """Write a secrets file with sign-in for an app at this port, and these rules."""
    path.write_text(
        f"""[auth]
redirect_uri = "http://localhost:{port}{base}/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "workbench"
client_secret = "secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"

{access}
""",
        encoding="utf-8",
    )
    return path


def cookies(port: int, *, secret: str = COOKIE_SECRET, **claims: Any) -> dict[str, str]:
    """The cookies that Streamlit sets for somebody who signed in."""
    payload = {
        "email": "ana@example.com", "email_verified": True, "iat": int(time.time()),
        "origin": f"http://localhost:{port}", "is_logged_in": True, "provider": "default", **claims,
    }  # fmt: skip
    made: dict[str, str] = {}

    def set_one(name: str, value: str | bytes) -> None:
        made[name] = create_signed_value(secret, name, value).decode()

    set_cookie_with_chunks(
        set_one,
        lambda name, value: create_signed_value(secret, name, value),
        "_streamlit_user",
        payload,
        cookie_attr_size=200,
    )
    return made


def header(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())
