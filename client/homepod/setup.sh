#!/bin/sh
# Makes this pod a client of Airlock: pip, uv and apt then install from there and from nowhere else.
#
#   sh /opt/public/airlock/homepod/setup.sh                 from the mounted folder
#   sh setup.sh http://airlock.example:8080                 fetched, over HTTP
#   sh setup.sh --check | --undo | --describe | --help
#
# Published as one file: the parts, which lie in setup/ beside this file in the project, are put in the place of the
# lines that name them. Everything is a function until the last line, so that a copy cut short does nothing.
set -eu
umask 022
here=$(dirname -- "$0")

. "$here/setup/words.sh"
. "$here/setup/usage.sh"
. "$here/setup/fetch.sh"
. "$here/setup/tree.sh"
. "$here/setup/keep.sh"
. "$here/setup/filters.sh"
. "$here/setup/pip.sh"
. "$here/setup/others.sh"
. "$here/setup/apt.sh"
. "$here/setup/describe.sh"
. "$here/setup/check.sh"
. "$here/setup/left.sh"
. "$here/setup/main.sh"

main "$@"
