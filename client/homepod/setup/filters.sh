# What of an existing configuration would lead elsewhere is taken out; everything else in it stays.

mark="# Airlock: setup.sh wrote the next lines; setup.sh --undo puts back what was here"

# filter_pip FILE OWN: a pip.conf without the keys that lead pip elsewhere, and with the lines of OWN in [global], in the
# place of what it says of timeouts. OWN empty adds nothing. A missing FILE is an empty one.
filter_pip() {
  existing=$1
  [ -e "$existing" ] || existing=/dev/null
  mark=$mark own=$2 awk '
    function give_own(   line) {
      given = 1
      print ENVIRON["mark"]
      while ((getline line < ENVIRON["own"]) > 0) print line
    }
    # a folder of wheels on this disk leads nowhere
    function without_addresses(line) {
      gsub(/https?:\/\/[^ \t\r]+/, "", line)
      return line
    }
    BEGIN {
      given = ENVIRON["own"] == ""
      names = "index-url pypi-url index extra-index-url no-index trusted-host proxy"
      if (!given) names = names " timeout default-timeout retries disable-pip-version-check"
      split(names, keys, " ")
      for (at in keys) led[keys[at]] = 1
    }
    $0 == ENVIRON["mark"] { next }
    /^[ \t\r]*$/ || /^[ \t]*[#;]/ { print; next }
    /^\[/ {
      key = ""
      print
      if (!given && $0 ~ /^\[global\]/) give_own()
      next
    }
    /^[^ \t]/ {
      key = $0
      sub(/[ \t]*[=:].*/, "", key)
      key = tolower(key)
      gsub(/_/, "-", key)
      sub(/^--/, "", key)
    }
    key in led { next }
    key == "find-links" && /https?:\/\// { if (without_addresses($0) ~ /[^ \t\r]/) print without_addresses($0); next }
    { print }
    END {
      if (!given) { print "[global]"; give_own() }
    }' "$existing"
}

# filter_uv FILE TOP END: a uv.toml without its indexes, with the lines of TOP before and of END after everything else,
# in the place of what it says of interpreters. TOP and END empty add nothing.
filter_uv() {
  existing=$1
  [ -e "$existing" ] || existing=/dev/null
  mark=$mark top=$2 end=$3 awk '
    function give(file,   line) {
      if (file == "") return
      print ENVIRON["mark"]
      while ((getline line < file) > 0) print line
    }
    function depth(text,   opened, closed) {
      gsub(/"[^"]*"|'"'[^']*'"'/, "", text)
      sub(/#.*/, "", text)
      opened = gsub(/\[/, "", text)
      closed = gsub(/\]/, "", text)
      return opened - closed
    }
    BEGIN {
      names = "index-url extra-index-url default-index index find-links no-index"
      if (ENVIRON["top"] != "") names = names " python-downloads"
      split(names, keys, " ")
      for (at in keys) led[keys[at]] = 1
      give(ENVIRON["top"])
    }
    $0 == ENVIRON["mark"] { next }
    open > 0 { open += depth($0); next }
    /^[ \t]*\[/ {
      table = $0 ~ /^[ \t]*\[\[[ \t]*index[ \t]*\]\]/
      if (!table) print
      next
    }
    table { next }
    {
      key = $0
      if (key !~ /=/) { print; next }
      sub(/[ \t]*=.*/, "", key)
      gsub(/[ \t"]/, "", key)
      if (!(key in led)) { print; next }
      value = $0
      sub(/^[^=]*=/, "", value)
      open = depth(value)
    }
    END { give(ENVIRON["end"]) }' "$existing"
}

# leads_elsewhere FILTER FILE: the filter would take something out of it.
leads_elsewhere() {
  [ -f "$2" ] && [ -r "$2" ] && [ "$("$1" "$2" '' '')" != "$(cat "$2")" ]
}
