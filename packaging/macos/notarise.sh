#!/bin/sh
# Make a disk image of dist/SmearCount.app and have Apple notarise it: packaging/macos/notarise.sh VERSION
# The app is signed by PyInstaller if SMEARCOUNT_CODESIGN_IDENTITY was set during make freeze. Notarising needs a
# keychain profile (xcrun notarytool store-credentials) named in SMEARCOUNT_NOTARY_PROFILE; without it only the image
# is made.
set -eu
image="dist/SmearCount-$1-macos-$(uname -m).dmg"
hdiutil create -volname SmearCount -srcfolder dist/SmearCount.app -ov -format ULMO "$image"
if [ -n "${SMEARCOUNT_NOTARY_PROFILE:-}" ]; then
    codesign --verify --deep --strict dist/SmearCount.app
    xcrun notarytool submit "$image" --keychain-profile "$SMEARCOUNT_NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
else
    echo "not notarised: SMEARCOUNT_NOTARY_PROFILE is not set" >&2
fi
