# Run by launch.ts with bash in a mount namespace of its own: makes what the sandbox may write, of bounded size and bounded
# number of files, brings the inputs within reach of the sandbox's user, runs bwrap, and keeps the namespace until told.
# bash SET-UP SIZE FILES UID INPUTS INPUT... BWRAP...
set -eu
cd /
size=$1 files=$2 uid=$3 inputs=$4
shift 4

# What whoever started the server had left open, nobody needs; a sandbox least of all. 3 and 4 are launch.ts's, 255 bash's.
for open in /proc/self/fd/*; do
  open=${open##*/}
  case $open in [0-4] | 255) ;; *) exec {open}>&- ;; esac
done

# Everybody has /sys and nobody needs it here.
mount -t tmpfs -o mode=0711,nosuid,nodev airlock /sys
mkdir -m 0711 /sys/in
mkdir -m 0755 /sys/etc
mkdir -m 0700 /sys/build /sys/tmp /sys/shm /sys/out
[ -z "$uid" ] || chown "$uid:$uid" /sys/build /sys/tmp /sys/shm /sys/out
umask 022
echo 'builder:x:1000:1000::/build:/bin/sh' >/sys/etc/passwd
echo 'builder:x:1000:' >/sys/etc/group
echo '127.0.0.1 localhost' >/sys/etc/hosts
printf '%s: files\n' passwd group hosts >/sys/etc/nsswitch.conf

# open_to_all FILE BITS: whether its mode lets anybody do what BITS say.
open_to_all() { (((8#$(stat -L -c %a -- "$1") & $2) == $2)); }

# give FROM TO: read-only comes later. What only we may read is copied; what only we may enter is entered here.
give() {
  local entry
  if [ ! -d "$1" ]; then
    if [ -z "$uid" ] || open_to_all "$1" 4; then
      : >"$2"
      mount --bind -- "$1" "$2"
    else
      cp --dereference -- "$1" "$2"
      chmod 0444 -- "$2"
    fi
  else
    mkdir -- "$2"
    if [ -z "$uid" ] || open_to_all "$1" 5; then
      mount --rbind -- "$1" "$2"
    else
      for entry in "$1"/*; do give "$entry" "$2/${entry##*/}"; done
    fi
  fi
}
shopt -s dotglob nullglob
at=0
while [ "$at" -lt "$inputs" ]; do
  give "$1" "/sys/in/$at"
  shift
  at=$((at + 1))
done
# What is there by now is ours; from here on it is counted.
read -r block total free inodes left <<<"$(stat -f -c '%S %b %f %c %d' /sys)"
size=$((size + block * (total - free))) files=$((files + inodes - left))
# By its name too: else mount(8) gives it all its options again, the user included, whom a user namespace may not have.
mount -n -o "remount,size=$size,nr_inodes=$files,nosuid,nodev" airlock /sys

user=()
[ -z "$uid" ] || user=(--reuid "$uid" --regid "$uid" --clear-groups)
# By way of a pipe of that user's: what programs write to /dev/stderr goes there, which is nobody else's and no socket.
# shellcheck disable=SC2016 # the inner shell's
piped='env -i PATH=/usr/bin:/bin "$@" </dev/null 2>&1 | exec cat 3>&- 4>&-; exit "${PIPESTATUS[0]}"'
status=0
nice -n 10 setpriv "${user[@]}" --no-new-privs --pdeathsig KILL -- bash --norc -c "$piped" bash "$@" || status=$?
# what it said has an end too
exec >&-
printf '{"ended":%s}\n' "$status" >&4
read -r _ || :
