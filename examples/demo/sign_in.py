#!/usr/bin/env python3
"""Signs a user in at an OpenID Connect provider and prints the ID token: what a browser and a web application do together.

The authorization code flow with PKCE, with a program instead of the person: it follows the redirects, keeps the cookies,
fills in the sign-in page and agrees on the consent page. The pages are those of the demo's provider (`make run OIDC=1`),
which asks for no password.

    examples/demo/sign_in.py alice > alice.token
"""

import argparse
import base64
import hashlib
import html
import http.cookiejar
import json
import os
import re
import secrets
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

FORM = re.compile(r'<form[^>]* action="([^"]+)" method="post">(.*?)</form>', re.DOTALL)
PROMPT = re.compile(r'name="prompt" value="([a-z]+)"')


class SignInError(Exception):
    """The provider did not let the user in; the message says where it stopped."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: the last one leads to the application, which is us."""

    def redirect_request(self, *_):
        return None


def sign_in(issuer, user, client_id, client_secret, redirect_uri, cafile=None):
    """The token endpoint's answer, as a dict with `id_token` and `access_token`."""
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=cafile))
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls, cookies, _Stay())
    discovery = json.load(browser.open(f"{issuer}/.well-known/openid-configuration", timeout=10))

    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "scope": "openid"}
    asked |= {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
    page = f"{discovery['authorization_endpoint']}?{urllib.parse.urlencode(asked)}"
    code = _browse(browser, page, user, redirect_uri, state)

    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    sent |= {"client_id": client_id}
    request = urllib.request.Request(discovery["token_endpoint"], urllib.parse.urlencode(sent).encode())
    basic = f"{urllib.parse.quote(client_id, safe='')}:{urllib.parse.quote(client_secret, safe='')}"
    request.add_header("Authorization", "Basic " + base64.b64encode(basic.encode()).decode())
    return json.load(browser.open(request, timeout=10))


def _browse(browser, page, user, redirect_uri, state):
    """From the authorization endpoint over the provider's pages back to the application; returns the code."""
    form = None
    for _ in range(12):
        try:
            answer = browser.open(page, form, timeout=10)
        except urllib.error.HTTPError as error:
            if error.code not in (302, 303):
                raise SignInError(f"{page} answered {error.code}: does the provider know user {user!r}?") from None
            page, form = urllib.parse.urljoin(page, error.headers["Location"]), None
            if page.startswith(redirect_uri):
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))
                if "code" not in query or query.get("state") != state:
                    raise SignInError(query.get("error_description", f"no code in {page}"))
                return query["code"]
            continue
        found = FORM.search(answer.read().decode())
        prompt = PROMPT.search(found[2]) if found else None
        if not prompt:
            raise SignInError(f"{page} is neither a sign-in nor a consent page")
        fields = {"prompt": prompt[1]}
        if prompt[1] == "login":
            fields |= {"login": user, "password": "not asked"}
        page, form = urllib.parse.urljoin(page, html.unescape(found[1])), urllib.parse.urlencode(fields).encode()
    raise SignInError(f"user {user!r} is asked again and again")


def main():
    parser = argparse.ArgumentParser(description="Prints the ID token of a user who signs in.")
    parser.add_argument("user", help="alice, bob, … (make run OIDC=1 lists them)")
    parser.add_argument("--issuer", default=os.environ.get("OIDC_ISSUER", "http://127.0.0.1:9082/auth/realms/demo"))
    parser.add_argument("--client-id", default="customer-portal")
    parser.add_argument("--client-secret", default="portal-secret")
    parser.add_argument("--redirect-uri", default="http://127.0.0.1/signed-in")
    parser.add_argument("--ca-file", help="the certificate authority of an https issuer")
    options = parser.parse_args()
    told = (options.client_id, options.client_secret, options.redirect_uri, options.ca_file)
    print(sign_in(options.issuer, options.user, *told)["id_token"])


if __name__ == "__main__":
    try:
        main()
    except (SignInError, urllib.error.URLError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
