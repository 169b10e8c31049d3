# apt: Airlock as the only source, settings for a network without anything else, and the hook that says how to ask.

write_apt() {
  for file in airlock.asc apt-hook; do
    get "homepod/$file" "$scratch/fetched-$file" ||
      fail "$base/homepod/$file could not be read. Nothing of apt was changed." "无法读取 $base/homepod/$file。apt 未做任何更改。"
  done
  own=$root/etc/apt/sources.list.d/airlock.sources
  keyring=$root/etc/apt/keyrings/airlock.asc
  tr -d '\r' <"$scratch/fetched-airlock.asc" >"$scratch/airlock.asc"
  {
    printf '# %s\nTypes: deb\nURIs: %s/apt/\nSuites: %s/\n' "Airlock: setup.sh --undo takes this away" "$url" "$suite"
    if inline_key; then
      printf 'Signed-By:\n'
      sed -e 's/^$/./' -e 's/^/ /' "$scratch/airlock.asc"
    else
      printf 'Signed-By: /etc/apt/keyrings/airlock.asc\n'
    fi
  } >"$scratch/airlock.sources"
  if inline_key; then away "$keyring"; else put "$scratch/airlock.asc" "$keyring"; fi
  put "$scratch/airlock.sources" "$own"
  put "$scratch/fetched-apt-hook" "$root/etc/airlock/apt-hook"
  apt_settings >"$scratch/90airlock"
  put "$scratch/90airlock" "$root/etc/apt/apt.conf.d/90airlock"
  # last: until here apt still has what it had
  other_sources | while IFS= read -r source; do away "$source"; done
}

# inline_key: apt reads a key within its source since 2.3.10.
inline_key() { dpkg --compare-versions "$(apt_version)" ge 2.3.10; }

apt_version() { apt-get --version | awk 'NR == 1 { print $2 }'; }

# other_sources: every file that apt reads sources from, but ours. An address that does not answer costs minutes.
other_sources() {
  for source in "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*.list "$root"/etc/apt/sources.list.d/*.sources; do
    if there "$source" && [ "$source" != "$root/etc/apt/sources.list.d/airlock.sources" ]; then printf '%s\n' "$source"; fi
  done
}

apt_settings() {
  cat <<END
// Airlock: setup.sh --undo takes this away.
// A redirect with a retry, over plain http, has let a man in the middle give root's apt a file of his.
Acquire::http::AllowRedirect "false";
Acquire::Retries "0";
Acquire::http::Timeout "10";
// apt would ask a name server for _http._tcp of the host: there is none, and no name should leave.
Acquire::EnableSrvRecords "false";
END
  case $host in
    # apt's settings cannot name an address with colons
    '' | *[!A-Za-z0-9.-]*) ;;
    *) printf 'Acquire::http::Proxy::%s "DIRECT";\nAcquire::https::Proxy::%s "DIRECT";\n' "$host" "$host" ;;
  esac
  printf '// Says how to ask for a package that is not here.\n'
  printf 'AptCli::Hooks::Install:: "sh /etc/airlock/apt-hook %s || true";\n' "$console"
}
