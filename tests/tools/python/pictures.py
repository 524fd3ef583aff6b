"""What the tests of pictures share.

SPDX-License-Identifier: Apache-2.0
"""

import torch


def photo(size=16):
    return torch.rand(1, 3, size, size)


def checks_of(result):
    return [c for node in result["nodes"] for shown in node["shown"] for c in shown["checks"]]


def assert_checked(result, n):
    checks = checks_of(result)
    assert len(checks) == n and all(c["passed"] for c in checks), checks
