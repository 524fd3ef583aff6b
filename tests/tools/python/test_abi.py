"""The structs that Python mirrors are C's.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import os
import subprocess

import pytest
from conftest import SOURCE

from dcngen import _abi, _library

STRUCTS = [
    _abi.dcn_error,
    _abi.dcn_param,
    _abi.dcn_options,
    _abi.dcn_sizes,
    _abi.dcn_tensor,
    _abi.dcn_parameter,
    _abi.dcn_call,
]


def ours():
    for struct in STRUCTS:
        yield f"{struct.__name__} {ctypes.sizeof(struct)}"
        for name, *_ in struct._fields_:
            field = getattr(struct, name)
            yield f"{struct.__name__}.{name} {field.offset} {field.size}"


def program():
    lines = [
        "#include <dcngen.h>",
        "#include <dcngen/network.h>",
        "#include <stdio.h>",
        "int main(void)",
        "{",
    ]
    for struct in STRUCTS:
        name = struct.__name__
        lines.append(f'    printf("{name} %zu\\n", sizeof({name}));')
        for member, *_ in struct._fields_:
            lines.append(
                f'    printf("{name}.{member} %zu %zu\\n", '
                f"offsetof({name}, {member}), sizeof((({name} *)0)->{member}));"
            )
    return "\n".join([*lines, "}", ""])


def test_layouts(tmp_path):
    (tmp_path / "layouts.c").write_text(program())
    compiler = os.environ.get("CC", "cc")
    subprocess.run(
        [compiler, "-I", SOURCE / "include", "layouts.c", "-o", "layouts"], cwd=tmp_path, check=True
    )
    printed = subprocess.run([tmp_path / "layouts"], capture_output=True, text=True, check=True)
    assert printed.stdout.split("\n")[:-1] == list(ours())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DCN_DYNAMIC", _abi.DYNAMIC),
        ("DCN_IN", _abi.IN),
        ("DCN_WEIGHT", _abi.WEIGHT),
        ("DCN_OUT", _abi.OUT),
        ("DCN_F32", _abi.F32),
        ("DCN_F64", _abi.F64),
        ("DCN_MAX_RANK", _abi.MAX_RANK),
    ],
)
def test_constants(name, value, tmp_path):
    (tmp_path / "c.c").write_text(
        f'#include <dcngen.h>\n_Static_assert({name} == {value}, "{name}");\n'
    )
    compiler = os.environ.get("CC", "cc")
    subprocess.run(
        [compiler, "-fsyntax-only", "-I", SOURCE / "include", "c.c"], cwd=tmp_path, check=True
    )


def test_where_the_library_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(_library, "__file__", str(tmp_path / "_library.py"))
    monkeypatch.delenv("DCNGEN_LIBRARY")
    assert _library.candidates() == ["libdcngen.so.0"]
    (tmp_path / "libdcngen.so.0").touch()
    assert _library.candidates() == [str(tmp_path / "libdcngen.so.0"), "libdcngen.so.0"]
    monkeypatch.setenv("DCNGEN_LIBRARY", "/some/where.so")
    assert _library.candidates() == ["/some/where.so"]


def test_a_library_that_is_not_there(tmp_path):
    environment = {**os.environ, "DCNGEN_LIBRARY": str(tmp_path / "no.so")}
    result = subprocess.run(
        [os.sys.executable, "-c", "import dcngen"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot load libdcngen" in result.stderr
    assert "DCNGEN_LIBRARY" in result.stderr
