#!/usr/bin/env python3
"""Makes `models.bin` from botocore's service models.

Run it with the wheel of botocore, whose licence is Apache-2.0 (its notice is the file `NOTICE` beside this one):

    pip download --no-deps botocore==1.44.8
    src/services/models/generate.py botocore-1.44.8-py3-none-any.whl src/services/models/models.bin

It needs the packages that botocore itself needs. The shipped file was made from botocore 1.44.8.

What is kept: metadata, operations, shapes, error names and limits; what is dropped: documentation, examples,
paginators, waiters. The rules that find an endpoint are evaluated here for every region; kept is what differs from
`https://<prefix>.<region>.<suffix>`.

Layout of the file: a line of magic, the length of the index as 4 bytes (little endian), the index as JSON, then one
zlib block for each service. A block is JSON in the form of botocore's `service-2.json`.
"""

import gzip
import io
import json
import re
import sys
import warnings
import zipfile
import zlib

warnings.filterwarnings("ignore")

MAGIC = b"stepstream service models 1\n"

METADATA = (
    "apiVersion endpointPrefix globalEndpoint jsonVersion protocol protocols serviceId signatureVersion signingName "
    "targetPrefix xmlNamespace awsQueryCompatible auth".split()
)
OPERATION = (
    "http input output errors endpoint authtype auth unsignedPayload httpChecksumRequired httpChecksum".split()
)
SHAPE = (
    "type members required member key value enum min max pattern exception error fault locationName location "
    "flattened payload timestampFormat xmlNamespace xmlAttribute wrapper streaming eventstream event eventpayload "
    "eventheader jsonvalue idempotencyToken requiresLength union document queryName hostLabel box".split()
)
REFERENCE = (
    "shape locationName location flattened timestampFormat xmlNamespace xmlAttribute streaming eventpayload "
    "eventheader jsonvalue idempotencyToken queryName hostLabel resultWrapper".split()
)
VARIANTS = [(False, False), (True, False), (False, True), (True, True)]


def keep(source, names):
    return {name: source[name] for name in names if name in source and source[name] not in (False, None)}


def reference(source):
    return keep(source, REFERENCE)


def operation(name, source):
    kept = keep(source, OPERATION)
    if source.get("name", name) != name:
        kept["name"] = source["name"]
    for role in ("input", "output"):
        if role in kept:
            kept[role] = reference(kept[role])
    if "errors" in kept:
        kept["errors"] = [{"shape": error["shape"]} for error in kept["errors"]]
    if "endpoint" in kept:
        kept["endpoint"] = keep(kept["endpoint"], ["hostPrefix"])
    return kept


def shape(source):
    kept = keep(source, SHAPE)
    if "members" in kept:
        kept["members"] = {name: reference(member) for name, member in kept["members"].items()}
    for role in ("member", "key", "value"):
        if role in kept:
            kept[role] = reference(kept[role])
    if "error" in kept:
        kept["error"] = keep(kept["error"], ["code", "httpStatusCode"])
    return kept


def reachable(operations, shapes):
    """Names of the shapes that an operation uses, in the model's order."""
    todo = []
    for found in operations.values():
        todo += [found[role]["shape"] for role in ("input", "output") if role in found]
        todo += [error["shape"] for error in found.get("errors", [])]
    todo += [name for name, found in shapes.items() if found.get("exception") or found.get("error")]
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        found = shapes[name]
        todo += [member["shape"] for member in found.get("members", {}).values()]
        todo += [found[role]["shape"] for role in ("member", "key", "value") if role in found]
    return [name for name in shapes if name in seen]


def mend(source):
    """Where the Java SDK's models differ, and results with them."""
    if source["metadata"]["serviceId"] == "S3":
        # A text since some objects have no time there; Java has a time.
        source["shapes"]["Expires"] = {"type": "timestamp"}


def model(source, endpoints):
    operations = {name: operation(name, found) for name, found in source["operations"].items()}
    names = reachable(operations, source["shapes"])
    kept = {
        "metadata": keep(source["metadata"], METADATA),
        "operations": operations,
        "shapes": {name: shape(source["shapes"][name]) for name in names},
    }
    # A flag whose value is an empty object: its presence counts.
    if "awsQueryCompatible" in source["metadata"]:
        kept["metadata"]["awsQueryCompatible"] = {}
    if endpoints:
        kept["metadata"]["endpoints"] = endpoints
    return kept


def resolve(provider, known, region, fips, dual):
    """The endpoint of a region as the SDKs find it: URL, and how it is signed if that is unusual."""
    values = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
    values = {name: value for name, value in values.items() if name in known}
    try:
        found = provider.resolve_endpoint(**values)
    except Exception:  # The rules say: there is none.
        return None
    schemes = found.properties.get("authSchemes") or [{}]
    return (found.url, schemes[0].get("signingRegion"), schemes[0].get("signingName"))


def template(found, region, partition):
    if found is None:
        return None
    url, signing_region, signing_name = found
    url = url.removeprefix("https://") if url.startswith("https://") else url
    url = url.replace(region, "{region}")
    for name in ("dualStackDnsSuffix", "dnsSuffix"):
        if url.endswith("." + partition[name]):
            url = url[: -len(partition[name])] + "{" + name[:4] + "}"
            break
    if signing_region == region:
        signing_region = "{region}"
    return (url, signing_region, signing_name)


def endpoints(rules, partitions, metadata, provider_type):
    """What differs from the usual endpoints, for each partition: templates by variant, then single regions."""
    if rules is None:
        return {}
    provider = provider_type(rules, partitions)
    known = set(rules["parameters"])
    prefix = metadata["endpointPrefix"]
    signing = metadata.get("signingName", prefix)
    kept = {}
    for partition in partitions["partitions"]:
        outputs = partition["outputs"]
        regions = [name for name in partition["regions"] if not name.endswith("-global")]
        result = {}
        for index, (fips, dual) in enumerate(VARIANTS):
            usual = f"{prefix}{'-fips' if fips else ''}.{{region}}.{{{'dual' if dual else 'dnsS'}}}"
            found = {}
            for region in regions:
                got = template(resolve(provider, known, region, fips, dual), region, outputs)
                found.setdefault(got, []).append(region)
            # What most regions have is the partition's; the first in the list on a tie.
            common = max(found, key=lambda one: len(found[one]))
            told = describe(common, usual, signing)
            if told != {}:
                result[str(index)] = told
            for got, where in found.items():
                if got != common:
                    for region in where:
                        result.setdefault(region, {})[str(index)] = describe(got, usual, signing)
        if result:
            kept[partition["id"]] = result
    return kept


def describe(found, usual, signing):
    if found is None:
        return None
    url, signing_region, signing_name = found
    told = {}
    if url != usual:
        told["url"] = url
    if signing_region not in (None, "{region}"):
        told["region"] = signing_region
    if signing_name not in (None, signing):
        told["name"] = signing_name
    return told


def read(archive, name):
    for ending, unpack in ((".json.gz", gzip.decompress), (".json", lambda data: data)):
        try:
            return json.loads(unpack(archive.read(name + ending)))
        except KeyError:
            continue
    return None


def folders(archive):
    """The newest version of every service."""
    newest = {}
    for name in archive.namelist():
        found = re.fullmatch(r"botocore/data/([^/]+)/([0-9-]+)/service-2\.json(\.gz)?", name)
        if found:
            newest[found[1]] = max(newest.get(found[1], ""), found[2])
    return [f"botocore/data/{service}/{version}/" for service, version in sorted(newest.items())]


def dense(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def main(wheel, out):
    sys.path.insert(0, wheel)
    from botocore.endpoint_provider import EndpointProvider

    version = re.search(r"botocore-([0-9.]+)-", wheel)[1]
    archive = zipfile.ZipFile(wheel)
    partitions = read(archive, "botocore/data/partitions")
    index, blocks, offset, plain, seen = [], io.BytesIO(), 0, 0, set()
    for folder in folders(archive):
        source = read(archive, folder + "service-2")
        if source["metadata"]["serviceId"] in seen:
            continue  # One service in two folders.
        seen.add(source["metadata"]["serviceId"])
        mend(source)
        rules = read(archive, folder + "endpoint-rule-set-1")
        found = endpoints(rules, partitions, source["metadata"], EndpointProvider)
        text = dense(model(source, found))
        packed = zlib.compress(text, 9)
        index.append([source["metadata"]["serviceId"], offset, len(packed), len(text)])
        blocks.write(packed)
        offset += len(packed)
        plain += len(text)
    head = dense({"source": f"botocore {version}", "services": index})
    with open(out, "wb") as file:
        file.write(MAGIC + len(head).to_bytes(4, "little") + head + blocks.getvalue())
    total = len(MAGIC) + 4 + len(head) + offset
    print(f"{len(index)} services, {total:,} bytes, {plain:,} unpacked")


if __name__ == "__main__":
    main(*sys.argv[1:])
