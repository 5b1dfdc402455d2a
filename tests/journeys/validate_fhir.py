"""Reads FHIR R4 resources, one a line, and fails on the first that is not valid.

R4B differs from R4 in none of the resources that Kinlink gives out.
"""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class

seen = set()
for line in sys.stdin:
    resource = json.loads(line)
    if resource["resourceType"] == "Bundle":
        # A Bundle's entries are validated as what they are.
        for entry in resource.get("entry", []):
            kind = entry["resource"]["resourceType"]
            get_fhir_model_class(kind).model_validate(entry["resource"])
            seen.add(kind)
    kind = resource["resourceType"]
    get_fhir_model_class(kind).model_validate(resource)
    seen.add(kind)
print(" ".join(sorted(seen)))
