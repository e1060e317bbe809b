"""Makes istio.json of Istio's own `customresourcedefinitions.gen.yaml`: python istio.py < FILE > istio.json

A resource definition in a cluster drops what it does not know. Here it is a mistake, so objects are closed,
unless the definition says that they keep what is unknown.
"""

import json
import sys

import yaml

KINDS = {"WasmPlugin", "Sidecar", "ServiceEntry", "DestinationRule", "EnvoyFilter"}


def closed(schema):
    schema = {k: v for k, v in schema.items() if k != "description" and not k.startswith("x-kubernetes-int")}
    for name, value in schema.items():
        if name in ("properties", "patternProperties"):
            schema[name] = {k: closed(v) for k, v in value.items()}
        elif name in ("items", "additionalProperties", "not") and isinstance(value, dict):
            schema[name] = closed(value)
    keeps = schema.pop("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in schema and "additionalProperties" not in schema and not keeps:
        schema["additionalProperties"] = False
    # The cluster sees to these; and the rules in CEL are not JSON Schema.
    for name in [n for n in schema if n.startswith("x-kubernetes")]:
        del schema[name]
    return schema


schemas = {}
for definition in yaml.safe_load_all(sys.stdin):
    if definition and definition["spec"]["names"]["kind"] in KINDS:
        for version in definition["spec"]["versions"]:
            name = f"{definition['spec']['group']}/{version['name']}/{definition['spec']['names']['kind']}"
            schema = closed(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
            schema["required"] = sorted({"spec", *schema.get("required", [])})
            schemas[name] = schema
keep = {
    "extensions.istio.io/v1alpha1/WasmPlugin",
    "networking.istio.io/v1/Sidecar",
    "networking.istio.io/v1/ServiceEntry",
    "networking.istio.io/v1/DestinationRule",
    "networking.istio.io/v1alpha3/EnvoyFilter",
}
assert keep <= schemas.keys(), keep - schemas.keys()
json.dump({name: schemas[name] for name in sorted(keep)}, sys.stdout, indent=1, sort_keys=True)
print()
