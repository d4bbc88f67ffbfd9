#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Checks an API document, and documents against it. Called by controller/test-http-openapi.c.

    openapi.py DOCUMENT CASES

DOCUMENT is OpenAPI 3.1 as YAML. CASES has a line for each case: a schema's name, "yes" or "no", and
a JSON text, which the schema has to accept or to refuse. Exit status 77: a Python module is missing.
"""
import json
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(error)
    sys.exit(77)

METHODS = {"get", "put", "post", "delete", "patch"}
failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that is given twice."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        expect(keys.count(key) == 1, f"the key {key} is given twice")
        expect(isinstance(key, str), f"the key {key} is no text")
    return dict(zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value)))


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def resolve(document, ref):
    node = document
    for part in ref.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def check_refs(document, node, used):
    if isinstance(node, dict):
        if "$ref" in node:
            expect(len(node) == 1, f"a reference with something beside it: {node}")
            expect(resolve(document, node["$ref"]) is not None, f"no such component: {node['$ref']}")
            used.add(node["$ref"])
        for value in node.values():
            check_refs(document, value, used)
    elif isinstance(node, list):
        for value in node:
            check_refs(document, value, used)


def check_operation(document, path, method, operation, ids):
    where = f"{method} {path}"
    expect(operation["operationId"] not in ids, f"{where}: its operationId is given twice")
    ids.add(operation["operationId"])
    parameters = [resolve(document, p["$ref"]) if "$ref" in p else p
                  for p in operation.get("parameters", [])]
    wanted = re.findall(r"{([^}]*)}", path)
    expect([p["name"] for p in parameters if p["in"] == "path"] == wanted,
           f"{where}: its path has {wanted}")
    for parameter in parameters:
        expect("schema" in parameter, f"{where}: {parameter} has no schema")
        expect(parameter["in"] != "path" or parameter.get("required") is True,
               f"{where}: {parameter['name']} is not required")
    if "requestBody" in operation:
        expect("application/json" in operation["requestBody"]["content"], f"{where}: body")
    expect(any(status[0] == "2" for status in operation["responses"]), f"{where}: no success")
    for status, response in operation["responses"].items():
        expect(re.fullmatch("[2-5][0-9]{2}", status), f"{where}: status {status}")
        if "$ref" in response:
            response = resolve(document, response["$ref"])
        expect(response.get("description"), f"{where}: {status} has no description")


def check_document(document):
    expect(document["openapi"] == "3.1.0", "not OpenAPI 3.1")
    expect(set(document) == {"openapi", "info", "paths", "components"}, "other members")
    used, ids = set(), set()
    check_refs(document, document, used)
    for path, item in document["paths"].items():
        expect(path.startswith("/"), f"path {path}")
        expect(set(item) <= METHODS, f"{path}: methods {set(item)}")
        for method, operation in item.items():
            check_operation(document, path, method, operation, ids)
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        expect(f"#/components/schemas/{name}" in used, f"nothing refers to the schema {name}")


def check_case(document, line):
    name, accepted, text = line.split(" ", 2)
    expect(name in document["components"]["schemas"], f"there is no schema {name}")
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    errors = [error.message for error in
              jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text))]
    expect((not errors) == (accepted == "yes"), f"{name}: {text}: {errors or 'is accepted'}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.load(file, StrictLoader)
    check_document(document)
    with open(sys.argv[2], encoding="utf-8") as file:
        for line in file:
            check_case(document, line)
    print("\n".join(failures))
    sys.exit(1 if failures else 0)


main()
