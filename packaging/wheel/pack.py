"""pack.py: write the wheel of the Python package and of the libraries that were linked for it.

    pack.py SOURCE BUILD/wheel FOLDER

BUILD/wheel has dcngen/*.so, the program dcngen/bin/dcngen, and the list `archives` of what is linked into them. Prints the path of the wheel, which is
the same to the byte whenever its contents are. Its tag says the oldest glibc that has all symbols that are needed.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import base64
import hashlib
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

#: What every Linux of a manylinux tag has (PEP 600), as far as it is needed here; and the wheel's own.
ALLOWED = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libdcngen.so"}
BUILT = ("libdcngen.so", "libdcngen_onnxruntime.so", "bin/dcngen")
MOMENT = (2026, 1, 1, 0, 0, 0)

METADATA = """Metadata-Version: 2.4
Name: dcngen
Version: {version}
Summary: Deformable convolutions compiled for one shape and one CPU
License-Expression: Apache-2.0
{licences}
Requires-Python: >=3.11
Requires-Dist: numpy>=1.24
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Description-Content-Type: text/markdown

The family of deformable convolutions (DCN, DCNv2, DCNv3, DCNv4, RoI pooling) as machine code for one shape, layout, data type
and CPU: functions of numpy arrays, kernels of specs of one's own, and the operators of PyTorch (`dcngen.torch`) and ONNX
Runtime (`dcngen.onnx`) on the CPU.

    import dcngen
    y = dcngen.deform_conv2d(x, offset, weight, padding=1, mask=mask)
"""


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def version_of(source: Path) -> str:
    text = (source / "include/dcngen.h").read_text()
    return ".".join(re.findall(r"^#define DCN_VERSION_[A-Z]+ (\d+)", text, re.MULTILINE))


def tag_of(built: list[Path]) -> str:
    """manylinux_2_N_MACHINE of libraries and programs that need no others."""
    newest = 0
    for path in built:
        text = output_of("objdump", "-p", str(path))
        strange = set(re.findall(r"NEEDED +(\S+)", text)) - ALLOWED
        if strange:
            sys.exit(f"pack.py: {path} needs {', '.join(sorted(strange))}")
        newest = max(newest, *(int(n) for n in re.findall(r"GLIBC_2\.(\d+)", text)))
    return f"manylinux_2_{newest}_{output_of('uname', '-m').strip()}"


def licence_of(archive: str) -> tuple[str, bytes]:
    """The name of Debian's package, and its copyright file."""
    path = str(Path(archive).resolve())
    try:
        package = output_of("dpkg", "-S", path).split(":")[0]
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"pack.py: {path} is of no Debian package, so its licence is not known")
    return package, Path(f"/usr/share/doc/{package}/copyright").read_bytes()


def contents(source: Path, built: Path) -> dict[str, bytes]:
    """All files of the wheel but its RECORD, by name."""
    package = source / "python"
    files = {
        str(path.relative_to(package)): path.read_bytes()
        for path in sorted((package / "dcngen").rglob("*"))
        if path.suffix == ".py" or path.name == "py.typed"
    }
    files |= {f"dcngen/{name}": (built / "dcngen" / name).read_bytes() for name in BUILT}
    info = f"dcngen-{version_of(source)}.dist-info"
    licences = dict(licence_of(a) for a in (built / "archives").read_text().split())
    texts = {"LICENSE": (source / "LICENSE").read_bytes()} | {
        f"{name}.txt": text for name, text in sorted(licences.items())
    }
    files |= {f"{info}/licenses/{name}": text for name, text in texts.items()}
    listed = "\n".join(f"License-File: {name}" for name in texts)
    files[f"{info}/METADATA"] = METADATA.format(
        version=version_of(source), licences=listed
    ).encode()
    tag = tag_of([built / "dcngen" / name for name in BUILT])
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: dcngen\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    ).encode()
    return files


def record(files: dict[str, bytes], name: str) -> bytes:
    """Names, digests and sizes."""
    lines = [
        f"{each},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for each, data in files.items()
    ]
    return "\n".join([*lines, f"{name},,", ""]).encode()


def main() -> None:
    source, built, folder = map(Path, sys.argv[1:])
    files = contents(source, built)
    info = f"dcngen-{version_of(source)}.dist-info"
    tag = re.search(r"Tag: (\S+)", files[f"{info}/WHEEL"].decode())
    assert tag is not None
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"dcngen-{version_of(source)}-{tag[1]}.whl"
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            mode = 0o755 if name.removeprefix("dcngen/") in BUILT else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    part.rename(wheel)
    print(wheel)


if __name__ == "__main__":
    main()
