#!/usr/bin/env bash
# Makes a Python environment that opens what curation writes (docs/operations.md) in a folder, and prints its interpreter.
set -euo pipefail
folder=$1
{
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.0
} >&2
echo "$folder/bin/python"
