"""Generates gen/ from protos/: Python modules with type stubs, and descriptor sets.

Run as `python protos/generate.py`. It downloads nothing: imported protos come from installed packages.
`googleapis-common-protos` contains sources, `protovalidate` the compiled buf.validate descriptor.

gen/adwright/            messages, stubs and servicers, with type stubs
gen/buf/                 the same for buf.validate
gen/trades.npz           kept as it is: `python -m services.catalog.understanding.build_index` writes it
gen/descriptors.binpb    all files with their imports, for the gateway's transcoder
gen/image.binpb          the same as a buf image with comments, for `buf lint`, `buf breaking` and the OpenAPI document
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import grpc_tools
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"

# Files that no Adwright proto imports. Without them the transcoder cannot write errors as JSON.
ERROR_PROTOS = ("google/rpc/status.proto", "google/rpc/error_details.proto", "google/rpc/code.proto")

# buf marks an imported file of an image by ImageFileExtension.is_import (field 1) in field 8042 of the file.
IS_IMPORT = bytes([0xD2, 0xF6, 0x03, 0x02, 0x08, 0x01])


def run(*arguments: str) -> None:
    """Runs protoc in this process. Exits when it fails."""
    if protoc.main(["protoc", *arguments]) != 0:
        sys.exit(f"protoc failed: {' '.join(arguments[-3:])}")


def main() -> None:
    partial = ROOT / "gen.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()

    validate = descriptor_pb2.FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    common = Path(str(annotations_pb2.__file__)).parents[2]
    well_known = Path(str(grpc_tools.__file__)).parent / "_proto"
    dependencies = partial / "dependencies.binpb"
    run(
        f"--proto_path={common}",
        f"--proto_path={well_known}",
        "--include_imports",
        f"--descriptor_set_out={dependencies}",
        "google/api/annotations.proto",
        "google/api/httpbody.proto",
        "google/protobuf/empty.proto",
        "google/protobuf/field_mask.proto",
        "google/protobuf/timestamp.proto",
        "google/protobuf/duration.proto",
        *ERROR_PROTOS,
    )
    known = descriptor_pb2.FileDescriptorSet.FromString(dependencies.read_bytes())
    known.file.append(validate)
    dependencies.write_bytes(known.SerializeToString())

    own_files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    run(
        f"--descriptor_set_in={dependencies}",
        f"--proto_path={PROTOS}",
        f"--python_out={partial}",
        f"--grpc_python_out={partial}",
        *type_stubs(partial),
        *own_files,
    )
    run(f"--descriptor_set_in={dependencies}", f"--python_out={partial}", "buf/validate/validate.proto")
    compiled = partial / "own.binpb"
    run(
        f"--descriptor_set_in={dependencies}",
        f"--proto_path={PROTOS}",
        "--include_source_info",
        f"--descriptor_set_out={compiled}",
        *own_files,
    )
    own = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    everything = descriptor_pb2.FileDescriptorSet(file=[*known.file, *own.file])
    (partial / "image.binpb").write_bytes(
        b"".join(encode_image_file(file, imported=file.name not in own_files) for file in everything.file)
    )
    for file in everything.file:
        file.ClearField("source_code_info")
    (partial / "descriptors.binpb").write_bytes(everything.SerializeToString())
    compiled.unlink()
    dependencies.unlink()
    for folder in [path for path in partial.rglob("*") if path.is_dir()] + [partial]:
        if folder != partial:
            (folder / "__init__.py").touch()
    for index in GEN.glob("*.npz"):  # of trades: made of the catalog's data, not of protos
        index.rename(partial / index.name)
    shutil.rmtree(GEN, ignore_errors=True)
    partial.rename(GEN)


def type_stubs(folder: Path) -> list[str]:
    """Returns the protoc options for type stubs; none when the development tools are not installed."""
    plugins = {name: Path(sys.executable).parent / f"protoc-gen-{name}" for name in ("mypy", "mypy_grpc")}
    return [
        option
        for name, plugin in plugins.items()
        if plugin.exists()
        for option in (f"--plugin=protoc-gen-{name}={plugin}", f"--{name}_out=quiet:{folder}")
    ]


def encode_image_file(file: descriptor_pb2.FileDescriptorProto, *, imported: bool) -> bytes:
    """Encodes the file as one `file` field (number 1) of a buf image."""
    body = file.SerializeToString() + (IS_IMPORT if imported else b"")
    length, prefix = len(body), bytearray([0x0A])
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + body


if __name__ == "__main__":
    main()
