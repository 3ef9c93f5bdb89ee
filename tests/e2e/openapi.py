"""An OpenAPI description and what it says about one answer: status, header fields, type and shape of the body."""
import json
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_a(value, kind):
    if kind in ("integer", "number"):
        return not isinstance(value, bool) and isinstance(value, int if kind == "integer" else (int, float))
    return isinstance(value, TYPES[kind])


class Description:
    KNOWN = {"type", "required", "properties", "additionalProperties", "maxProperties", "items", "minItems", "maxItems", "enum", "const",
             "pattern", "maxLength", "minimum", "maximum", "anyOf", "description", "default", "example"}

    def __init__(self, text):
        self.document = json.loads(text)
        self.paths = self.document["paths"]

    def __getitem__(self, node):
        """`node`, or what it refers to."""
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def parameters(self, path, where):
        return [about for about in map(self.__getitem__, self.paths[path]["parameters"]) if about["in"] == where]

    def responses(self, path, method):
        """By status. The one of x-other-methods is for every method but GET and HEAD."""
        if method.lower() not in self.paths[path]:
            return {405: self[self.paths[path]["x-other-methods"]]}
        return {int(status): self[node] for status, node in self.paths[path][method.lower()]["responses"].items()}

    def faults(self, schema, value, at="body"):
        """What is wrong with a value, one line each."""
        schema = self[schema]
        unknown = set(schema) - self.KNOWN
        assert not unknown, f"this checker does not know {unknown}"
        if "anyOf" in schema:
            all_faults = [self.faults(each, value, at) for each in schema["anyOf"]]
            return [] if [] in all_faults else sum(all_faults, [])
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_a(value, kind) for kind in kinds):
            return [f"{at}: {value!r} is no {' or '.join(kinds)}"]
        found = []
        if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
            found.append(f"{at}: {value!r} is none of those listed")
        if isinstance(value, str):
            if not re.search(schema.get("pattern", ""), value) or len(value) > schema.get("maxLength", len(value)):
                found.append(f"{at}: {value!r} is not as {schema}")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                found.append(f"{at}: {value} is out of bounds")
        elif isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                found.append(f"{at}: {len(value)} items")
            for number, item in enumerate(value):
                found += self.faults(schema.get("items", {}), item, f"{at}[{number}]")
        elif isinstance(value, dict):
            found += [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
            others = schema.get("additionalProperties", {})
            for name, each in value.items():
                if name not in schema.get("properties", {}) and others is False:
                    found.append(f"{at}: {name} is not described")
                else:
                    found += self.faults(schema.get("properties", {}).get(name, others or {}), each, f"{at}.{name}")
        return found

    def objections(self, path, method, answer):
        """What the description does not say about an answer: (status, [(name, value)], body)."""
        status, fields, body = answer
        responses = self.responses(path, method)
        if status not in responses:
            return [f"status {status} is not described"]
        response = responses[status]
        found = []
        for name, value in fields:
            if name == "Content-Type":
                continue  # the keys of `content`
            if name not in response["headers"]:
                found.append(f"{status}: header {name} is not described")
                continue
            schema = self[response["headers"][name]]["schema"]
            found += self.faults(schema, int(value) if schema.get("type") == "integer" else value, f"{status}: header {name}")
        kind = dict(fields).get("Content-Type")
        content = response.get("content", {})
        if kind is None and content or kind is not None and kind not in content:
            found.append(f"{status}: type {kind} is not described")
        elif kind == "application/json" and body:
            found += self.faults(content[kind].get("schema", {}), json.loads(body))
        return found
