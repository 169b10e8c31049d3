# How to speak. Everything is said on stderr: stdout is for what --describe prints.

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

# has COMMAND
has() { command -v "$1" >/dev/null 2>&1; }
