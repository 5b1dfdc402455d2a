"""A Cognito user pool of ministack, an implementation of AWS by others, on this machine; with a pre token generation
Lambda that it runs itself, in Node.js.

Reads lines of JSON from stdin and answers each with one. First the function: {"code"}; the answer names the issuer
and the app. {"user"} makes a user and tells their sub. {"trigger": {"KINLINK_URL", "KINLINK_KEY"}} makes the function
the pool's trigger. {"login": user} goes through the hosted page and the code flow, {"refresh": token} refreshes; both
tell the claims of the tokens, or {"refused"}.
"""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import boto3

PASSWORD = "Passw0rd!"
CALLBACK = "https://app.example/callback"
SCOPES = "openid patient/Observation.rs"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post(url, form):
    """The answer's status, where it leads to, and its body."""
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.build_opener(NoRedirect).open(url, body, timeout=30) as answer:
            return answer.status, None, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("location"), error.read()


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Pool:
    def __init__(self, code):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.base = "http://" + self.address
        # Without STRICT it issues tokens when the trigger fails, which Cognito does not.
        settings = {"SERVICES": "cognito-idp,lambda", "MINISTACK_COGNITO_PRETOKEN_STRICT": "1", "IOT_MTLS_ENABLED": "0"}
        command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "-b", self.address]
        self.server = subprocess.Popen(
            command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        self.await_server()
        account = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.cognito = boto3.client("cognito-idp", endpoint_url=self.base, **account)
        self.functions = boto3.client("lambda", endpoint_url=self.base, **account)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.mjs", code)
        self.code = archive.getvalue()
        self.pool = self.cognito.create_user_pool(PoolName="patients")["UserPool"]["Id"]
        scope = {"ScopeName": "Observation.rs", "ScopeDescription": "Observations"}
        self.cognito.create_resource_server(
            UserPoolId=self.pool, Identifier="patient", Name="patient", Scopes=[scope])
        self.app = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="app", CallbackURLs=[CALLBACK], SupportedIdentityProviders=["COGNITO"],
            AllowedOAuthFlows=["code"], AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthScopes=SCOPES.split(),
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]

    def await_server(self):
        end = time.monotonic() + 60
        while self.server.poll() is None and time.monotonic() < end:
            try:
                with socket.create_connection(tuple(self.address.split(":")), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("ministack does not start")

    def issuer(self):
        return "https://cognito-idp.us-east-1.amazonaws.com/" + self.pool

    def user(self, name):
        attributes = [{"Name": "email", "Value": name + "@pool.example"}]
        made = self.cognito.admin_create_user(
            UserPoolId=self.pool, Username=name, UserAttributes=attributes, MessageAction="SUPPRESS")
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool, Username=name, Password=PASSWORD, Permanent=True)
        return next(one["Value"] for one in made["User"]["Attributes"] if one["Name"] == "sub")

    def trigger(self, variables):
        function = self.functions.create_function(
            FunctionName="kinlink-%d" % time.monotonic_ns(), Runtime="nodejs20.x", Handler="index.handler", Timeout=5,
            Role="arn:aws:iam::000000000000:role/kinlink", Code={"ZipFile": self.code},
            Environment={"Variables": variables})
        trigger = {"LambdaVersion": "V2_0", "LambdaArn": function["FunctionArn"]}
        self.cognito.update_user_pool(UserPoolId=self.pool, LambdaConfig={"PreTokenGenerationConfig": trigger})

    def login(self, name):
        form = {
            "client_id": self.app, "redirect_uri": CALLBACK, "scope": SCOPES, "state": "s", "response_type": "code",
            "username": name, "password": PASSWORD, "code_challenge": "", "code_challenge_method": "", "nonce": "n",
        }
        status, leads_to, body = post(self.base + "/login", form)
        query = urllib.parse.parse_qs(urllib.parse.urlparse(leads_to or "").query)
        if "code" not in query:
            raise SystemExit("the hosted page answers %s: %r" % (status, body))
        code = query["code"][0]
        return self.token({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})

    def refresh(self, token):
        return self.token({"grant_type": "refresh_token", "refresh_token": token})

    def token(self, form):
        status, _, body = post(self.base + "/oauth2/token", {**form, "client_id": self.app})
        if status != 200:
            return {"refused": status}
        tokens = json.loads(body)
        return {
            "id": claims(tokens["id_token"]), "access": claims(tokens["access_token"]),
            "refresh_token": tokens.get("refresh_token"),
        }


def answer(pool, line):
    if "user" in line:
        return {"sub": pool.user(line["user"])}
    if "trigger" in line:
        pool.trigger(line["trigger"])
        return {}
    if "login" in line:
        return pool.login(line["login"])
    return pool.refresh(line["refresh"])


def main():
    pool = Pool(json.loads(sys.stdin.readline())["code"])
    try:
        print(json.dumps({"issuer": pool.issuer(), "app": pool.app}), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(pool, json.loads(line))), flush=True)
    finally:
        os.killpg(pool.server.pid, signal.SIGKILL)


main()
