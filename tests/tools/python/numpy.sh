#!/usr/bin/env bash
# numpy.sh: the package dcngen with numpy alone.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy pytest
check test_abi.py test_kernel.py test_networks.py test_functions.py test_arguments.py test_cache.py test_packing.py test_workspace.py test_results.py test_visualize_pipe.py
