#!/usr/bin/env bash
# Makes a Python environment that loads exported models (docs/models.md) in a folder, and prints its interpreter.
set -euo pipefail
folder=$1
{
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 onnx==1.23.2 onnxruntime==1.32.0
} >&2
echo "$folder/bin/python"
