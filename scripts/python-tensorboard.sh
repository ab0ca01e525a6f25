#!/usr/bin/env bash
# Makes a Python environment that reads TensorBoard's event files in a folder, and prints its interpreter.
set -euo pipefail
folder=$1
{
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet tensorboard==2.21.0
} >&2
echo "$folder/bin/python"
