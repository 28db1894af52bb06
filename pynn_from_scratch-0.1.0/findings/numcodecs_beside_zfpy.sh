#!/usr/bin/env bash
# numcodecs 0.16.6, zfpy 1.0.1.post0, numpy 2.4.6
# Guess: having zfpy (a codec that numcodecs supports) installed leaves `import numcodecs` as it is.
# Seen:  the import dies with ValueError: numcodecs turns each part of zfpy's version into an int, and "post0"
#        is none. So does the import of what stands on it (seen with pyfive 1.3.0).
# So:    where a reader of Zarr or HDF5 stops importing after an unrelated install, look for a post release of
#        zfpy; uninstall it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
install="venv/bin/pip install --quiet --disable-pip-version-check --no-compile"

check() {
    echo "$1: $2"
    [ "$2" = "$3" ] || { echo "changed: $1 was $3" >&2; exit 1; }
}

last_line() { venv/bin/python -W ignore -c "import numcodecs; print('imported')" 2>&1 | tail -n 1; }

$install numpy==2.4.6 numcodecs==0.16.6
check "numcodecs alone" "$(last_line)" "imported"
$install zfpy==1.0.1.post0
check "with zfpy" "$(last_line)" "ValueError: invalid literal for int() with base 10: 'post0'"
echo "as described"
