#!/usr/bin/env bash
# Makes a Python environment that reads tensor caches (docs/cache-format.md) in a folder, and prints its interpreter.
set -euo pipefail
folder=$1
sources=$(cd "$(dirname "$0")/.." && pwd)/node_modules/lmdb/dependencies/lmdb/libraries/liblmdb
{
  python3 -m venv "$folder"
  mkdir -p "$folder/lmdb"
  cc -O2 -w -shared -fPIC -pthread -o "$folder/lmdb/liblmdb.so" "$sources"/{mdb,midl,chacha8}.c
  LMDB_FORCE_SYSTEM=1 LMDB_INCLUDEDIR=$sources LMDB_LIBDIR=$folder/lmdb \
    "$folder/bin/pip" install --quiet --no-binary lmdb lmdb==1.6.2 numpy==2.4.6
} >&2
echo "$folder/bin/python"
