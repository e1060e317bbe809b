"""Holds documents against the schemas of those who read them: python validate.py compose|kube|istio FILE

Prints one line for each mistake, and ends with 1 if there is one. Never more lenient than the reader:
schemas of Kubernetes are the strict ones, which take no unknown member.
"""

import json
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

HERE = Path(__file__).parent
KUBERNETES = "1.37"


class Strict(yaml.SafeLoader):
    """No key twice."""


def mapping(loader, node):
    names = [loader.construct_object(name) for name, _ in node.value]
    assert len(names) == len(set(names)), f"a key stands twice: {names}"
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def against(schema, document, name):
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    for error in kind(schema).iter_errors(document):
        yield f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"


def kubernetes(document, name):
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{name}: {error.message}"


def mistakes(kind, path):
    documents = list(yaml.load_all(Path(path).read_text(), Strict))
    if kind == "compose":
        (document,) = documents
        yield from against(json.loads((HERE / "compose-spec.json").read_text()), document, "compose")
        return
    istio = json.loads((HERE / "istio.json").read_text()) | json.loads((HERE / "istio-route.json").read_text())
    assert documents, "no document"
    for document in documents:
        name = f"{document['apiVersion']}/{document['kind']}"
        if "istio.io" in document["apiVersion"]:
            assert kind == "istio", f"{name} in a cluster without Istio"
            yield from against(istio[name], document, name)
        else:
            yield from kubernetes(document, name)


found = list(mistakes(*sys.argv[1:]))
print("\n".join(found))
sys.exit(1 if found else 0)
