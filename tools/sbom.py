"""What is in a wheel, as CycloneDX tells it: ``python -m tools.sbom WHEEL`` writes WHEEL.cdx.json beside it.

The extension is our own C. What Zig links into it is named too: its runtime library, and on Windows the startup code of MinGW-w64.
"""

import hashlib
import importlib.metadata
import sys
import uuid
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL


def describe(wheel: Path) -> str:
    _, version, *_ = wheel.name.split("-")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    package = Component(
        name="pynn-from-scratch",
        bom_ref="pynn-from-scratch",
        version=version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name="pynn-from-scratch", version=version, qualifiers={"file_name": wheel.name}),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    zig = importlib.metadata.version("ziglang")
    parts = [Component(name="numpy", bom_ref="numpy", description="required at run time, not contained", purl=PackageURL("pypi", name="numpy"))]
    if "musllinux" not in wheel.name:  # which is linked without any library
        parts.append(Component(name="compiler-rt", bom_ref="compiler-rt", version=f"of Zig {zig}",
                               purl=PackageURL("pypi", name="ziglang", version=zig)))
    if wheel.name.endswith("win_amd64.whl"):
        parts.append(Component(name="mingw-w64", bom_ref="mingw-w64", version=f"of Zig {zig}", description="startup code"))
    bom = Bom(components=parts, serial_number=uuid.uuid5(uuid.NAMESPACE_OID, digest))  # the same for the same bytes
    bom.metadata.component = package
    bom.metadata.timestamp = None
    bom.register_dependency(package, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        sys.exit(f"{wheel.name}: {problem}")
    return text


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.with_name(f"{path.name}.cdx.json").write_text(describe(path))
        print(f"{path.name}.cdx.json")
