# pip and uv: one file each for the whole system, or for one user; and what stands in their way elsewhere.

# pip_file: pip of every Python here reads this one, conda's too.
pip_file() { if [ "$scope" = user ]; then echo "$config_home/pip/pip.conf"; else echo "$root/etc/pip.conf"; fi; }
uv_file() { if [ "$scope" = user ]; then echo "$config_home/uv/uv.toml"; else echo "$root/etc/uv/uv.toml"; fi; }

write_pip() {
  file=$(pip_file)
  {
    printf 'index-url = %s/pip/%s/\n' "$url" "$index"
    # pip ignores a plain http index that it is not told to trust
    case $url in http:*) printf 'trusted-host = %s\n' "$host" ;; esac
    # an address that does not answer costs this for each project: little, where all is near
    printf 'timeout = 10\nretries = 1\ndisable-pip-version-check = true\n'
  } >"$scratch/own"
  filter_pip "$file" "$scratch/own" >"$scratch/new"
  put "$scratch/new" "$file"
  other_pip_files | while IFS= read -r other; do
    if [ "$other" != "$file" ]; then clear_pip "$other"; fi
  done
}

# other_pip_files: what pip reads beside /etc/pip.conf and may be overruled by, of this user and of each Python here.
other_pip_files() {
  if [ "$scope" != user ]; then echo "$root/etc/xdg/pip/pip.conf"; fi
  echo "$config_home/pip/pip.conf"
  echo "$HOME/.pip/pip.conf"
  if [ -z "$root" ]; then
    find_pythons | while IFS= read -r python; do
      prefix=$("$python" -c 'import sys; print(sys.prefix)' 2>/dev/null) || continue
      echo "$prefix/pip.conf"
    done | sort -u
  fi
}

# clear_pip FILE: takes out of it what would lead pip elsewhere.
clear_pip() {
  leads_elsewhere filter_pip "$1" || return 0
  if [ ! -w "$1" ] || ! ours_to_change "$1"; then
    say "  ATTENTION: $1 leads pip elsewhere and was left alone." "  注意：$1 会把 pip 引向别处，未做修改。"
    return 0
  fi
  filter_pip "$1" '' >"$scratch/new"
  put "$scratch/new" "$1"
}

# ours_to_change FILE: for one user, what lies in that home or in the environment that is active.
ours_to_change() {
  [ "$scope" = user ] || return 0
  case $1 in "$HOME"/* | "${VIRTUAL_ENV:-/nowhere}"/* | "${CONDA_PREFIX:-/nowhere}"/*) ;; *) return 1 ;; esac
}

# find_pythons: each interpreter's path once: those on PATH, in an environment that is active, of the system, of conda
# and of pyenv.
find_pythons() {
  {
    for name in python3 python; do command -v "$name" || true; done
    for python in "${VIRTUAL_ENV:-}/bin/python" "${CONDA_PREFIX:-}/bin/python" \
      /usr/bin/python3 /usr/local/bin/python3 /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] \
      /usr/local/bin/python3.[0-9] /usr/local/bin/python3.[0-9][0-9] \
      /opt/*/bin/python3 /opt/*/envs/*/bin/python3 "$HOME"/*conda*/bin/python3 "$HOME"/*conda*/envs/*/bin/python3 \
      "$HOME"/*forge*/bin/python3 "$HOME"/*forge*/envs/*/bin/python3 \
      "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
      if [ -x "$python" ] && [ "$python" != /bin/python ]; then printf '%s\n' "$python"; fi
    done
  } | while IFS= read -r python; do
    real=$("$python" -c 'import sys; print(sys.prefix + " %d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    printf '%s\t%s\n' "$real" "$python"
  done | awk -F '\t' '!seen[$1]++ { print $2 }'
}

write_uv() {
  file=$(uv_file)
  # uv fetches interpreters from the internet by itself
  printf 'python-downloads = "never"\n' >"$scratch/top"
  printf '[[index]]\nurl = "%s/pip/%s/"\ndefault = true\n' "$url" "$index" >"$scratch/end"
  filter_uv "$file" "$scratch/top" "$scratch/end" >"$scratch/new"
  put "$scratch/new" "$file"
  [ "$scope" != user ] || return 0
  # a user's own file is asked first
  other=$config_home/uv/uv.toml
  if leads_elsewhere filter_uv "$other"; then
    filter_uv "$other" '' '' >"$scratch/new"
    put "$scratch/new" "$other"
  fi
}

# variables_elsewhere: what the environment sets that is stronger than any file. Links to a folder here lead nowhere.
variables_elsewhere() {
  env | sed -n -E \
    -e '/^PIP_(INDEX_URL|EXTRA_INDEX_URL|PYPI_URL|NO_INDEX|PROXY|CONFIG_FILE|TRUSTED_HOST)=./p' \
    -e '/^UV_(INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|CONFIG_FILE|NO_CONFIG|OFFLINE)=./p' \
    -e '/^(PIP|UV)_FIND_LINKS=.*https?:/p' | without_passwords
}

# without_passwords: user and password of addresses are nobody's to know. A password may have an @ of its own.
without_passwords() { sed 's|://[^/[:space:]]*@|://***@|g'; }
