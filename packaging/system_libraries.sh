#!/bin/sh
# Make sure that Qt can be loaded for the tests: system_libraries.sh PYTHON
# A bare container lacks libraries that Qt needs of the system. Root on Debian installs them; others are told.
set -eu
missing=$(QT_QPA_PLATFORM=offscreen "$1" -c 'from gui.preflight import missing_packages; print(*missing_packages())')
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    # shellcheck disable=SC2086  # one argument for each package
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $missing >/dev/null
else
    echo "Qt lacks system libraries; on Debian or Ubuntu run: sudo apt-get install $missing" >&2
    exit 1
fi
