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
mount -t tmpfs -o "size=$size,nr_inodes=$files,mode=0711,nosuid,nodev" airlock /sys
mkdir -m 0711 /sys/in
mkdir -m 0755 /sys/etc
mkdir -m 0700 /sys/build /sys/tmp /sys/shm /sys/out
[ -z "$uid" ] || chown "$uid:$uid" /sys/build /sys/tmp /sys/shm /sys/out
umask 022
echo 'builder:x:1000:1000::/build:/bin/sh' >/sys/etc/passwd
echo 'builder:x:1000:' >/sys/etc/group
echo '127.0.0.1 localhost' >/sys/etc/hosts
printf '%s: files\n' passwd group hosts >/sys/etc/nsswitch.conf
at=0
while [ "$at" -lt "$inputs" ]; do
  if [ -d "$1" ]; then mkdir "/sys/in/$at"; else : >"/sys/in/$at"; fi
  mount --rbind "$1" "/sys/in/$at"
  shift
  at=$((at + 1))
done

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
