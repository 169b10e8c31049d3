# What of an existing configuration would lead elsewhere is taken out; everything else in it stays.

mark="# Airlock: setup.sh wrote the next lines; setup.sh --undo puts back what was here"

# filter_pip FILE OWN: a pip.conf without the keys that decide where pip looks, with the lines of OWN in [global]; OWN
# empty adds nothing. A missing FILE is an empty one.
filter_pip() {
  existing=$1
  [ -e "$existing" ] || existing=/dev/null
  mark=$mark own=$2 awk '
    function give_own(   line) {
      given = 1
      print ENVIRON["mark"]
      while ((getline line < ENVIRON["own"]) > 0) print line
    }
    BEGIN {
      if (ENVIRON["own"] == "") given = 1
      split("index-url pypi-url index extra-index-url find-links no-index trusted-host timeout default-timeout retries proxy disable-pip-version-check", keys, " ")
      for (at in keys) led[keys[at]] = 1
    }
    $0 == ENVIRON["mark"] { next }
    /^[ \t\r]*$/ || /^[ \t]*[#;]/ { print; next }
    /^\[/ {
      dropping = 0
      print
      if (!given && $0 ~ /^\[global\]/) give_own()
      next
    }
    /^[ \t]/ { if (!dropping) print; next }
    {
      key = $0
      sub(/[ \t]*[=:].*/, "", key)
      key = tolower(key)
      gsub(/_/, "-", key)
      sub(/^--/, "", key)
      dropping = key in led
      if (!dropping) print
    }
    END {
      if (!given) { print "[global]"; give_own() }
    }' "$existing"
}

# filter_uv FILE TOP END: a uv.toml without its indexes, with the lines of TOP before and of END after everything else.
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
      split("index-url extra-index-url default-index index find-links no-index no-sources-index python-downloads allow-insecure-host", keys, " ")
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
