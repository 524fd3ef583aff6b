#!/usr/bin/env bash
# provider.sh: the execution provider and the custom operators, inside ONNX Runtime; and models for them, rewritten.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
check test_provider.py test_sessions.py test_custom.py test_rewrite.py
