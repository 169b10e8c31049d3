# Sourced by every script, after it has gone to the project's folder: what is where, and how to speak.
# Everything is said on stderr, so that stdout stays the command's own.

case $(uname -m) in
  x86_64) cpu=x64 ;;
  aarch64 | arm64) cpu=arm64 ;;
  *) cpu=unsupported ;;
esac

# shellcheck disable=SC2034 # read by the scripts that source this
# The runtime that package-lock.json pins, and the solver that uv.txt pins.
node=node_modules/node-linux-$cpu/bin/node
# shellcheck disable=SC2034
uv=.tools/uv/bin/uv

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
  zh*) language=zh ;;
  *) language=en ;;
esac

# say ENGLISH CHINESE
say() {
  if [ "$language" = zh ]; then printf '%s\n' "$2" >&2; else printf '%s\n' "$1" >&2; fi
}

# fail ENGLISH CHINESE: what went wrong and what to do about it.
fail() {
  say "airlock: $1" "airlock: $2"
  exit 1
}

# install_debian PACKAGE...: with apt-get where we may, else false, so that the caller can say what is missing.
install_debian() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 1; fi
  say "Installing with apt-get: $*" "正在用 apt-get 安装：$*"
  apt-get update -q >&2 &&
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}
