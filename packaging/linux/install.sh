#!/bin/sh
# Put SmearCount into the menu of this person: ./install.sh, and ./install.sh --remove to take it out again.
# The program itself stays in this folder and needs nothing of this; ./smearcount starts it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$data/applications/smearcount.desktop
if [ "${1:-}" = --remove ]; then
    rm -f "$entry" "$data/mime/packages/smearcount.xml" "$data/icons/hicolor/256x256/apps/smearcount.png"
else
    mkdir -p "$data/applications" "$data/mime/packages" "$data/icons/hicolor/256x256/apps"
    sed "s|^Exec=.*|Exec=\"$here/smearcount\" %F|" "$here/share/smearcount.desktop" >"$entry"
    cp "$here/share/smearcount.xml" "$data/mime/packages/"
    cp "$here/share/smearcount.png" "$data/icons/hicolor/256x256/apps/"
fi
for tool in "update-desktop-database $data/applications" "update-mime-database $data/mime"; do
    # shellcheck disable=SC2086  # a command and its argument
    command -v "${tool%% *}" >/dev/null && $tool || true
done
