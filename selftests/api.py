#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Holds the controller's API to its document, on SQLite and on PostgreSQL.

    selftests/api.py [--lbd PROGRAM] [--lbctl PROGRAM] [--store sqlite|postgres]

Starts "lbd controller", reads /v1/openapi.yaml from it, calls every operation, and looks at every
response: its status is documented for the operation, its body is what the schema says, its headers are
there. Of each operation the refusals are provoked that a client can provoke. An operation that never
succeeded is a failure, and so is a response that the document does not have. The last line is
"N passed, N failed, N skipped"; a check is an operation with all its responses, on one store.
"""
import argparse
import base64
import collections
import ctypes
import ctypes.util
import glob
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "user", "userspace")
# What no client of a local socket can bring about, or only by breaking the machine.
UNREACHABLE = {"429", "500", "503", "507"}


class Failure(Exception):
    """What ends the run on one store."""


class LocalConnection(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=90)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Identity:
    """What a host has: an Ed25519 key by libsodium, and WireGuard keys, of which only the public half
    matters here."""

    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))

    def __init__(self):
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_keypair(self.public, self.secret)
        self.key = os.urandom(32)

    def sign(self, message):
        signature = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)),
                                         self.secret)
        return base64.b64encode(signature.raw).decode()


def text(key):
    return base64.b64encode(key).decode()


class Api:
    """The document, and calls that are held to it."""

    def __init__(self, path):
        self.path = path
        self.failures, self.done, self.refused = [], set(), collections.defaultdict(set)
        self.codes, self.responses = set(), 0
        status, headers, body = self.send("GET", "/v1/openapi.yaml")
        if status != 200:
            raise Failure(f"the document is answered with {status}")
        self.document = yaml.safe_load(body)
        self.operations = {}
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                self.operations[operation["operationId"]] = (method.upper(), path, operation)

    def send(self, method, target, body=None, headers=None, token=None):
        connection = LocalConnection(self.path)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        if response.getheader("Content-Type") == "application/vnd.lbmesh.frames":
            answer = response.read1(16)  # it has no end
        else:
            answer = response.read()
        connection.close()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, answer

    def resolve(self, node):
        while "$ref" in node:
            ref, node = node["$ref"], self.document
            for part in ref.removeprefix("#/").split("/"):
                node = node[part]
        return node

    def fail(self, operation, why):
        self.failures.append((operation, why))

    def check(self, name, status, headers, body):
        """One response against the document; its JSON, or None."""
        operation = self.operations[name][2]
        self.responses += 1
        response = operation["responses"].get(str(status))
        if response is None:
            self.fail(name, f"status {status} is not documented: {body[:300]!r}")
            return None
        response = self.resolve(response)
        for header, described in response.get("headers", {}).items():
            schema = self.resolve(described).get("schema", {"type": "string"})
            if header.lower() not in headers:
                self.fail(name, f"{status} has no header {header}")
            elif "pattern" in schema and not re.search(schema["pattern"], headers[header.lower()]):
                self.fail(name, f"{status} has a bad {header}: {headers[header.lower()]}")
        content = response.get("content", {})
        if not content:
            if body:
                self.fail(name, f"{status} has a body: {body[:300]!r}")
            return None
        media = headers.get("content-type", "").split(";")[0]
        if media not in content:
            self.fail(name, f"{status} has the type {media}, and not one of {list(content)}")
            return None
        if "json" not in media:
            return None
        answer = json.loads(body)
        schema = dict(content[media].get("schema", {}), components=self.document["components"])
        for error in jsonschema.Draft202012Validator(schema).iter_errors(answer):
            self.fail(name, f"{status}: {error.json_path}: {error.message[:300]}")
        if status >= 400:
            self.codes.add(answer.get("code"))
        return answer

    def call(self, name, *params, body=None, query="", headers=None, token=None, expect=None):
        """An operation by its id; params fill the {words} of its path. Returns JSON and headers."""
        method, path, operation = self.operations[name]
        for param in params:
            path = re.sub(r"{[^}]*}", param, path, count=1)
        if "{" in path:
            raise Failure(f"{name}: params are missing")
        status, answered, answer = self.send(method, path + query, body, headers, token)
        result = self.check(name, status, answered, answer)
        if status < 300:
            self.done.add(name)
        else:
            self.refused[name].add(str(status))
        wanted = expect or int(next(s for s in operation["responses"] if s[0] == "2"))
        if status not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            self.fail(name, f"answered {status} instead of {wanted}: {answer[:400]!r}")
            if expect is None:
                raise Failure(f"{name} failed: {answer[:400]!r}")
        return result, answered

    def parameters(self, name):
        return {self.resolve(p)["name"] for p in self.operations[name][2].get("parameters", [])}


def etag(version):
    return {"If-Match": f'"{version}"'}


def refusals(api, name, params, read, foreign, version=1, body=None):
    """Whatever a client can do wrong with an operation."""
    method, _, operation = api.operations[name]
    parameters = api.parameters(name)
    good = etag(version) if "If-Match" in parameters else {}
    secured = operation.get("security", [])
    if secured:
        api.call(name, *params, token="lbt_nothing", body=body, headers=good, expect=401)
    api.call(name, *params, query="?a=1&a=1", body=body, headers=good, expect=400)
    api.call(name, *params, body=body, headers=dict(good, **{"X-Long": "x" * 9000}), expect=431)
    if "limit" in parameters:
        api.call(name, *params, query="?limit=0", expect=400)
        api.call(name, *params, query="?limit=10&limit=11", expect=400)
        api.call(name, *params, query="?cursor=nonsense", expect=400)
    if "watch" in parameters:
        api.call(name, *params, query="?watch=x", expect=400)
    if params and secured and method == "GET":
        wrong = params[:-1] + ("net_00000000000000000000000000",)
        api.call(name, *wrong, headers=good, expect=404)
        api.call(name, *params, token=foreign, headers=good, expect=404 if "org" in parameters else 403)
    if method != "GET" and secured and name.split(".")[0] != "agent":
        # Of another organisation, nobody learns that it is there.
        api.call(name, *params, token=read, body=body, headers=good,
                 expect=404 if name in ("org.change", "org.delete") else 403)
    if "If-Match" in parameters:
        api.call(name, *params, body=body, expect=428)
        api.call(name, *params, body=body, headers=etag(999), expect=412)
    if "requestBody" in operation:
        agent = read if name.startswith("agent.") else None
        api.call(name, *params, body="{", headers=good, token=agent, expect=400)
        api.call(name, *params, body='{"a":1,"a":1}', headers=good, token=agent, expect=400)
        api.call(name, *params, body={"no-such-field": 1}, headers=good, token=agent, expect=400)
        api.call(name, *params, body="x", headers=dict(good, **{"Content-Type": "text/plain"}),
                 token=agent, expect=415)
        api.call(name, *params, body=" " * (1 << 20) + "{}", headers=good, token=agent, expect=413)
    if "Idempotency-Key" in parameters:
        key = {"Idempotency-Key": os.urandom(8).hex()}
        api.call(name, *params, body=body, headers=key)
        api.call(name, *params, body=body, headers=key)
        api.call(name, *params, body=dict(body, **{"x": 1}), headers=key, expect=422)


def life(api, kind, parents, document, change, read, foreign):
    """Creates, lists, reads, changes one of a kind; what it is then. Not yet deleted."""
    # It is made by the attempts with an Idempotency-Key; a second document makes another one.
    refusals(api, f"{kind}.create", parents, read, foreign, body=dict(document[0]))
    one = api.call(f"{kind}.list", *parents)[0]["items"][-1]
    if len(document) > 1:
        one = api.call(f"{kind}.create", *parents, body=dict(document[1]))[0]
    refusals(api, f"{kind}.list", parents, read, foreign)
    api.call(f"{kind}.list", *parents, query="?limit=1")
    api.call(f"{kind}.get", *parents, one["id"])
    refusals(api, f"{kind}.get", parents + (one["id"],), read, foreign)
    if change:
        version = api.call(f"{kind}.get", *parents, one["id"])[0]["version"]
        refusals(api, f"{kind}.change", parents + (one["id"],), read, foreign, version, change)
        one = api.call(f"{kind}.change", *parents, one["id"], body=change, headers=etag(version))[0]
    return one


def end(api, kind, parents, one, read, foreign):
    """Deletes it, after every wrong way to do so."""
    name = f"{kind}.delete"
    version = api.call(f"{kind}.get", *parents, one["id"])[0]["version"]
    refusals(api, name, parents + (one["id"],), read, foreign, version)
    answer = api.call(name, *parents, one["id"], headers=etag(version))[0]
    if answer:
        wait(api, answer)
    api.call(f"{kind}.get", *parents, one["id"], expect=404)


def wait(api, operation):
    """Until an operation is done."""
    org = operation["org"]
    name, params = ("operation.get", (org,)) if org else ("system.operation.get", ())
    deadline = time.monotonic() + 60
    while operation["state"] not in ("done", "failed") and time.monotonic() < deadline:
        operation = api.call(name, *params, operation["id"], query=f"?watch={operation['version']}")[0]
    if operation["state"] != "done":
        api.fail(name, f"{operation['verb']} is {operation['state']}: {operation['error']}")


def enrol(api, org, workspace, name, identity):
    token = api.call("token.create", org, body={"kind": "join", "workspace": workspace})[0]
    message = (b"lbmesh enrol v1" + token["id"].encode() + identity.key + identity.public.raw +
               bytes(32))
    body = {"token": token["secret"], "name": name, "identity_key": text(identity.public.raw),
            "public_key": text(identity.key), "endpoint": "192.0.2.1:51820",
            "proof": identity.sign(message)}
    answer = api.call("agent.enrol", body=body)[0]
    api.call("agent.enrol", body=body, expect=401)
    return answer


def hosts(api, org, workspace, read, foreign):
    """Two hosts, from enrolment on; those of the answers."""
    identity = Identity()
    first = enrol(api, org, workspace, "amber", identity)
    second = enrol(api, org, workspace, "beryl", Identity())
    credential, host = first["credential"], first["host"]
    # Before it is heard of: then its state, and with it its version, changes at any moment.
    host_life(api, org, host, read, foreign)
    refusals(api, "agent.enrol", (), None, foreign, body={})
    for name in ("agent.report", "agent.key", "agent.stream"):
        refusals(api, name, (), credential, foreign, body={})
        api.call(name, token=read, body={}, expect=403)
    api.call("agent.stream", token=credential, body={"cursors": {}})
    api.call("agent.report", token=credential, body={"generation": 1, "applied": {}})
    operation = api.call("host.rotate", org, host["id"])[0]
    refusals(api, "host.rotate", (org, host["id"]), read, foreign)
    key = os.urandom(32)
    message = b"lbmesh key v1" + host["id"].encode() + key + b"\0"
    api.call("agent.key", token=credential, body={"public_key": text(key), "in_use": False,
                                                 "proof": identity.sign(message)})
    api.call("operation.get", org, operation["id"])
    api.call("host.refresh", org, host["id"])
    refusals(api, "host.refresh", (org, host["id"]), read, foreign)
    return first, second


def host_life(api, org, host, read, foreign):
    refusals(api, "host.list", (org,), read, foreign)
    api.call("host.list", org, query="?name=amber")
    one = api.call("host.get", org, host["id"])[0]
    refusals(api, "host.get", (org, host["id"]), read, foreign)
    refusals(api, "host.change", (org, host["id"]), read, foreign, one["version"],
             {"labels": ["build"]})
    one = api.call("host.get", org, host["id"])[0]
    api.call("host.change", org, host["id"], body={"labels": ["build"], "keepalive": 25},
             headers=etag(one["version"]))


def tokens(api, org, read, foreign):
    refusals(api, "token.create", (org,), read, foreign, body={"kind": "api", "scopes": ["read"]})
    made = api.call("token.create", org, body={"kind": "api", "scopes": ["read"], "name": "x"})[0]
    api.call("token.create", org, body={"kind": "api", "scopes": ["read"], "name": "x"}, expect=409)
    api.call("token.create", org, body={"kind": "api", "scopes": ["system"]}, token=read, expect=403)
    refusals(api, "token.list", (org,), read, foreign)
    api.call("token.list", org)
    api.call("token.get", org, made["id"])
    refusals(api, "token.get", (org, made["id"]), read, foreign)
    refusals(api, "token.revoke", (org, made["id"]), read, foreign)
    api.call("token.revoke", org, made["id"])
    api.call("org.get", org, token=made["secret"], expect=401)


def system(api, read, foreign, host):
    body = {"name": "infra", "context": "system"}
    refusals(api, "system.network.create", (), read, foreign, body=body)
    one = api.call("system.network.list")[0]["items"][0]
    refusals(api, "system.network.list", (), read, foreign)
    api.call("system.network.get", one["id"])
    refusals(api, "system.network.get", (one["id"],), read, foreign)
    settle(api, "system.network.get", (one["id"],))
    version = api.call("system.network.get", one["id"])[0]["version"]
    refusals(api, "system.network.change", (one["id"],), read, foreign, version, {"mtu": 1400})
    api.call("system.network.change", one["id"], body={"mtu": 1400}, headers=etag(version))
    refusals(api, "system.member.create", (one["id"],), read, foreign, body={"owner": host})
    members = api.call("system.member.list", one["id"])[0]["items"]
    refusals(api, "system.member.list", (one["id"],), read, foreign)
    place = (one["id"], members[0]["id"])
    refusals(api, "system.member.delete", place, read, foreign, members[0]["version"])
    api.call("system.member.delete", *place, headers=etag(members[0]["version"]))
    version = api.call("system.network.get", one["id"])[0]["version"]
    refusals(api, "system.network.delete", (one["id"],), read, foreign, version)
    wait(api, api.call("system.network.delete", one["id"], headers=etag(version))[0])
    refusals(api, "system.operation.list", (), read, foreign)
    listed = api.call("system.operation.list")[0]["items"]
    api.call("system.operation.get", listed[0]["id"])
    refusals(api, "system.operation.get", (listed[0]["id"],), read, foreign)
    refusals(api, "system.token.create", (), read, foreign, body={"kind": "api", "scopes": ["system"]})
    made = api.call("system.token.create", body={"kind": "api", "scopes": ["system"]})[0]
    api.call("org.list", token=made["secret"])
    refusals(api, "system.token.list", (), read, foreign)
    api.call("system.token.list")
    refusals(api, "system.token.revoke", (made["id"],), read, foreign)
    api.call("system.token.revoke", made["id"])
    refusals(api, "system.audit.list", (), read, foreign)
    api.call("system.audit.list", query="?limit=3")


def settle(api, name, params):
    """Until a network is active."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        one = api.call(name, *params)[0]
        if one["state"] == "active":
            return one
        time.sleep(0.1)
    api.fail(name, f"it stays {one['state']}")
    return one


def story(api):
    """Everything, in an order in which it can be done."""
    for name in ("service.health", "service.ready", "service.openapi"):
        api.call(name)
        refusals(api, name, (), None, None)
    org = api.call("org.create", body={"name": "acme"})[0]["id"]
    other = api.call("org.create", body={"name": "other"})[0]["id"]
    read = api.call("token.create", org, body={"kind": "api", "scopes": ["read"]})[0]["secret"]
    foreign = api.call("token.create", other, body={"kind": "api", "scopes": ["admin"]})[0]["secret"]
    api.call("service.whoami", token=read)
    refusals(api, "service.whoami", (), read, foreign)
    third = life(api, "org", (), ({"name": "third"}, {"name": "fourth"}), {"description": "x"}, read,
                 foreign)
    api.call("org.create", body={"name": "acme"}, expect=409)
    end(api, "org", (), third, read, foreign)
    life(api, "workspace", (org,), ({"name": "dev"}, {"name": "prod", "managed_network": True}),
         {"description": "x"}, read, foreign)
    spaces = {w["name"]: w for w in api.call("workspace.list", org)[0]["items"]}
    managed = api.call("network.list", org)[0]["items"][0]
    managed = settle(api, "network.get", (org, managed["id"]))
    writer = api.call("token.create", org, body={"kind": "api", "scopes": ["write"]})[0]["secret"]
    api.call("network.change", org, managed["id"], body={"mtu": 1400}, token=writer,
             headers=etag(managed["version"]), expect=403)
    first, second = hosts(api, org, spaces["prod"]["id"], read, foreign)
    host, spare = first["host"]["id"], second["host"]["id"]
    life(api, "sandbox", (org,), ({"name": "one", "host": host}, {"name": "two", "host": host}),
         {"allow_internet": True}, read, foreign)
    sandbox = api.call("sandbox.list", org, query="?name=one")[0]["items"][0]
    refusals(api, "network.create", (org,), read, foreign, body={"name": "blue"})
    api.call("network.create", org, body={"name": "blue"}, expect=409)
    api.call("network.create", org, body={"name": "six", "family": "ipv6"}, expect=422)
    green = api.call("network.create", org, body={"name": "green", "cidr": "10.9.0.0/24"})[0]
    blue = api.call("network.list", org, query="?name=blue")[0]["items"][0]
    refusals(api, "network.list", (org,), read, foreign)
    blue = settle(api, "network.get", (org, blue["id"]))
    settle(api, "network.get", (org, green["id"]))
    refusals(api, "network.get", (org, blue["id"]), read, foreign)
    refusals(api, "network.change", (org, blue["id"]), read, foreign, blue["version"], {"mtu": 1400})
    api.call("network.change", org, blue["id"], body={"mtu": 1400}, headers=etag(blue["version"]))
    inside = (org, blue["id"])
    life(api, "member", inside, ({"owner": sandbox["id"]},), None, read, foreign)
    member = api.call("member.list", *inside)[0]["items"][0]
    alias = life(api, "alias", inside, ({"name": "api", "sandbox": sandbox["id"], "ports": [8080]},),
                 {"ports": [8080, 8443]}, read, foreign)
    api.call("alias.create", *inside, body={"name": "api", "sandbox": sandbox["id"], "ports": [1]},
             expect=409)
    policy = life(api, "policy", inside, ({"from": "local", "to": "api", "port": 8080},),
                  {"action": "deny"}, read, foreign)
    bridge = life(api, "bridge", (org,), ({"networks": [blue["id"], green["id"]]},), None, read,
                  foreign)
    rule = {"id": 1, "direction": "ingress", "action": "allow", "protocol": "tcp"}
    life(api, "firewall", (org,), ({"name": "wall", "level": "host", "rules": [rule]},
                                   {"name": "org-wall", "level": "organization"}),
         {"description": "x"}, read, foreign)
    wall = api.call("firewall.list", org, query="?name=wall")[0]["items"][0]
    attached = life(api, "attachment", (org, host), ({"firewall": wall["id"]},), {"priority": 7}, read,
                    foreign)
    api.call("host.effective", org, host)
    refusals(api, "host.effective", (org, host), read, foreign)
    system(api, read, foreign, host)
    tokens(api, org, read, foreign)
    refusals(api, "operation.list", (org,), read, foreign)
    done = api.call("operation.list", org)[0]["items"][0]
    refusals(api, "operation.get", (org, done["id"]), read, foreign)
    api.call("audit.list", org)
    refusals(api, "audit.list", (org,), read, foreign)
    api.call("network.list.old", org)
    refusals(api, "network.list.old", (org,), read, foreign)
    refusals(api, "network.create.old", (org,), read, foreign, body={"name": "old"})
    for kind, parents, one in (("attachment", (org, host), attached), ("firewall", (org,), wall),
                               ("bridge", (org,), bridge), ("policy", inside, policy),
                               ("alias", inside, alias), ("member", inside, member),
                               ("network", (org,), blue), ("sandbox", (org,), sandbox)):
        end(api, kind, parents, one, read, foreign)
    version = api.call("host.get", org, spare)[0]["version"]
    refusals(api, "host.drain", (org, spare), read, foreign, version)
    api.call("host.drain", org, spare, headers=etag(version))
    refusals(api, "host.revoke", (org, spare), read, foreign)
    api.call("host.revoke", org, spare)
    api.call("agent.report", token=second["credential"], body={"generation": 1, "applied": {}},
             expect=401)
    end(api, "host", (org,), {"id": spare}, read, foreign)
    end(api, "workspace", (org,), spaces["dev"], read, foreign)


def fields(api, lbctl):
    """lbctl's table of fields is that of the document."""
    kinds = ("org", "workspace", "host", "attachment", "sandbox", "network", "member", "alias",
             "policy", "bridge", "firewall")
    for kind in kinds:
        answer = subprocess.run([lbctl, "help", kind], capture_output=True, text=True, check=True)
        named = re.search(r"^Fields: (.*)$", answer.stdout, re.M).group(1).split(", ")
        create = api.document["components"]["schemas"].get(f"{kind.capitalize()}Create", {})
        patch = api.document["components"]["schemas"].get(f"{kind.capitalize()}Patch", {})
        both = {**create.get("properties", {}), **patch.get("properties", {})}
        # A name is given as a word; it is a field where it can change.
        wanted = set(both) - ({"name"} if "name" not in patch.get("properties", {}) else set())
        if set(named) | {"name"} != wanted | {"name"}:
            api.fail(f"{kind}.create", f"lbctl knows the fields {sorted(named)}, "
                                       f"and the document {sorted(wanted)}")


class Postgres:
    """A server of our own on a unix socket, by an unprivileged user."""

    def __init__(self, directory):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise Failure("PostgreSQL's server is not installed (package postgresql)")
        self.directory = os.path.join(directory, "postgres")
        os.mkdir(self.directory, 0o700)
        os.chmod(directory, 0o711)
        self.user = None
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self.user = "postgres" if "postgres" in names else "nobody"
            shutil.chown(self.directory, self.user)
        log = open(os.path.join(directory, "postgres.log"), "wb")
        run = {"cwd": self.directory, "user": self.user, "stdout": log, "stderr": log}
        data = os.path.join(self.directory, "data")
        subprocess.run([f"{found[-1]}/initdb", "-D", data, "-U", "lbd", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, **run)
        self.process = subprocess.Popen([f"{found[-1]}/postgres", "-D", data, "-k", self.directory,
                                         "-h", "", "-c", "fsync=off"], **run)
        self.url = f"postgres:///postgres?host={self.directory}&user=lbd"
        log.close()
        deadline = time.monotonic() + 30
        while not os.path.exists(os.path.join(self.directory, ".s.PGSQL.5432")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failure("PostgreSQL's server does not start")
            time.sleep(0.1)
        time.sleep(0.5)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def controller_start(arguments, directory, url):
    path = os.path.join(directory, "lbd.sock")
    log = open(os.path.join(directory, "controller.log"), "wb")
    command = [arguments.lbd, "controller", "--state", os.path.join(directory, "state"), "--socket",
               path, "--old-paths"]
    if url:
        command += ["--store", url]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    log.close()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket_try = socket.socket(socket.AF_UNIX)
            socket_try.connect(path)
            socket_try.close()
            return process, path
        except OSError:
            time.sleep(0.1)
    raise Failure("the controller does not start")


def run(arguments, store):
    """One store; the numbers of checks that passed and failed."""
    directory = tempfile.mkdtemp(prefix="lbd-api-")
    process = postgres = api = None
    try:
        postgres = Postgres(directory) if store == "postgres" else None
        process, path = controller_start(arguments, directory, postgres and postgres.url)
        api = Api(path)
        fields(api, arguments.lbctl)
        story(api)
        process.send_signal(signal.SIGTERM)
        if process.wait(30):
            raise Failure(f"the controller ended with {process.returncode}")
    except (Failure, OSError, subprocess.SubprocessError, KeyError, IndexError) as error:
        print(f"FAIL {store}: {type(error).__name__}: {error}")
        with open(os.path.join(directory, "controller.log"), encoding="utf-8", errors="replace") as log:
            print("".join(log.readlines()[-15:]), end="")
        if api is None:
            return 0, 1
        api.fail("service.ready", str(error))
    finally:
        if process and process.poll() is None:
            process.kill()
            process.wait()
        if postgres:
            postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return report(api, store)


def report(api, store):
    for name in sorted(set(api.operations) - api.done):
        api.fail(name, "never succeeded")
    for name, refused in sorted(api.refused.items()):
        documented = {s for s in api.operations[name][2]["responses"] if s[0] in "45"}
        left = documented - refused - UNREACHABLE - {"404", "409", "422", "403"}
        if left:
            api.fail(name, f"never refused with {', '.join(sorted(left))}")
    for name, why in api.failures:
        print(f"FAIL {store}: {name}: {why}")
    failed = {name for name, _ in api.failures}
    print(f"{store}: {len(api.done)} operations, {api.responses} responses validated, "
          f"{sum(len(r) for r in api.refused.values())} kinds of refusals, {len(api.codes)} codes")
    return len(api.operations) - len(failed), len(failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--lbd", default=os.path.join(BUILD, "lbd", "lbd"))
    parser.add_argument("--lbctl", default=os.path.join(BUILD, "lbctl", "lbctl"))
    parser.add_argument("--store", choices=("sqlite", "postgres"))
    arguments = parser.parse_args()
    passed = failed = 0
    for store in [arguments.store] if arguments.store else ["sqlite", "postgres"]:
        good, bad = run(arguments, store)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


main()
