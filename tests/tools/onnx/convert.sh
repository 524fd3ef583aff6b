#!/usr/bin/env bash
# convert.sh: models become specs of networks that compute the same, or an error that says why not.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
check test_convert.py test_convert_regions.py test_convert_errors.py
