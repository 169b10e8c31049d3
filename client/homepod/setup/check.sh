# Whether it works, by really asking with each client as it is set now; and what is left that leads elsewhere. Changes
# nothing. Ends with 1 where something is not right.

check() {
  find_tree
  choose_targets
  : >"$scratch/faults"
  good "Airlock answers at $base" "Airlock 在 $base 有应答"
  if [ -n "$index" ]; then
    find_name
    check_pips
    if has uv; then
      check_uv
    elif [ ! -e "$scratch/said" ]; then
      say "  -       there is no pip and no uv here yet: nothing was asked of the index" \
        "  -       本机尚无 pip 与 uv：未向索引发出请求"
    fi
  fi
  # one user's set-up says nothing of apt's
  if [ -n "$suite" ] && has apt-get && { [ "$scope" != user ] || [ -e "$root/etc/apt/sources.list.d/airlock.sources" ]; }; then
    check_apt
  fi
  check_left
  if [ ! -s "$scratch/faults" ]; then
    say "Everything works." "一切正常。"
  else
    say "Not everything is right: $(wc -l <"$scratch/faults" | tr -d ' ') in all, named above." \
      "发现 $(wc -l <"$scratch/faults" | tr -d ' ') 处问题，见上文。"
    exit 1
  fi
}

good() { say "  ok      $1" "  正常    $2"; }

# bad ENGLISH CHINESE: counted in a file, since much of this runs in pipelines.
bad() {
  echo fault >>"$scratch/faults"
  say "  FAULT   $1" "  问题    $2"
}

# shown FILE: the last lines of what a client said.
shown() { tail -n 4 "$1" | sed -e 's/^/          | /' >&2; }

# limited COMMAND...: whatever it waits for, not long.
limited() { if has timeout; then timeout 60 "$@"; else "$@"; fi; }

# find_name: a project of the index, to ask for; one that nobody has where the index is empty.
find_name() {
  name=
  if get "pip/$index/index.html" "$scratch/index.html"; then
    name=$(sed -n 's|.*<a href="\([a-z0-9-]*\)/".*|\1|p' "$scratch/index.html" | head -n 1)
  fi
}

check_pips() {
  find_pythons | while IFS= read -r python; do
    version=$("$python" -c 'import pip, sys; print(pip.__version__); sys.exit(sys.version_info < (3,))' 2>/dev/null) || continue
    check_pip "$python" "pip $version ($python)"
  done
}

# check_pip PYTHON TITLE: a release that nobody has makes pip read the page and list what is there, and fetch nothing.
check_pip() {
  limited "$1" -m pip download -vv --no-deps --no-cache-dir --timeout 5 --retries 0 -d "$scratch/none" \
    "${name:-airlock-check}==0+airlock" >"$scratch/said" 2>&1 </dev/null || true
  if ! grep -q -x -F "Looking in indexes: $url/pip/$index/" "$scratch/said"; then
    bad "$2 looks elsewhere: $(looks "$scratch/said")" "$2 使用了其他位置：$(looks "$scratch/said")"
  elif grep -E -q '^Looking in links:.*https?:' "$scratch/said"; then
    bad "$2 also looks elsewhere: $(looks "$scratch/said")" "$2 还使用了其他位置：$(looks "$scratch/said")"
  elif [ -n "$name" ] && ! grep -E -q '^ *(Found link|Skipping link: [^n]|Skipping link: none|Ignoring link|Link requires)' "$scratch/said"; then
    bad "$2 cannot read $url/pip/$index/$name/" "$2 无法读取 $url/pip/$index/$name/"
    shown "$scratch/said"
  elif [ -z "$name" ] && grep -q -i 'connection error' "$scratch/said"; then
    bad "$2 cannot reach $url/pip/$index/" "$2 无法访问 $url/pip/$index/"
    shown "$scratch/said"
  else
    good "$2 reads $url/pip/$index/" "$2 可读取 $url/pip/$index/"
  fi
}

looks() {
  { grep '^Looking in ' "$1" || tail -n 1 "$1"; } | without_passwords | tr '\n' ' '
}

# check_uv: asked for nothing, uv says where it would look; asked for a release that nobody has, it reads the page.
check_uv() {
  : >"$scratch/asked.in"
  compile
  grep -e '^--index-url ' -e '^--extra-index-url ' "$scratch/said" >"$scratch/looks" || true
  if [ "$(cat "$scratch/looks")" != "--index-url $url/pip/$index/" ]; then
    bad "uv looks elsewhere: $(without_passwords <"$scratch/looks" | tr '\n' ' ')" \
      "uv 使用了其他位置：$(without_passwords <"$scratch/looks" | tr '\n' ' ')"
    return 0
  fi
  echo "${name:-airlock-check}==0+airlock" >"$scratch/asked.in"
  compile
  if [ -n "$name" ]; then answer='there is no version of '; else answer='was not found in the '; fi
  if grep -q "$answer" "$scratch/said"; then
    good "uv reads $url/pip/$index/" "uv 可读取 $url/pip/$index/"
  else
    bad "uv cannot read $url/pip/$index/${name:+$name/}" "uv 无法读取 $url/pip/$index/${name:+$name/}"
    shown "$scratch/said"
  fi
}

compile() {
  (cd "$scratch" && UV_HTTP_TIMEOUT=5 UV_HTTP_RETRIES=0 limited uv pip compile --no-cache --no-header --emit-index-url asked.in) \
    >"$scratch/said" 2>&1 </dev/null || true
}

# check_apt: an update into a folder of its own, which apt's own user may enter: it must be able to read the tree too.
check_apt() {
  mkdir -p "$scratch/lists/partial"
  chmod 711 "$scratch"
  set -- -q -o "Dir::State::Lists=$scratch/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o Acquire::http::Timeout=5
  apt-get "$@" update --print-uris 2>/dev/null | sed -n -e "s|^'file:/*|'/|" -e "s|^'\\([^']*\\)'.*|\\1|p" >"$scratch/uris" || true
  ours=$base/apt/$suite/ awk 'index($0, ENVIRON["ours"]) != 1' "$scratch/uris" | without_passwords >"$scratch/looks"
  if [ -s "$scratch/looks" ]; then
    bad "apt also looks elsewhere: $(tr '\n' ' ' <"$scratch/looks")" "apt 还使用了其他位置：$(tr '\n' ' ' <"$scratch/looks")"
    return 0
  fi
  if [ ! -s "$scratch/uris" ]; then
    bad "apt has no source: run this script without --check" "apt 没有软件源：请先不带 --check 运行本脚本"
    return 0
  fi
  LC_ALL=C limited apt-get "$@" update >"$scratch/said" 2>&1 </dev/null || echo 'E: it failed' >>"$scratch/said"
  if grep -E -q '^[EW]: ' "$scratch/said"; then
    bad "apt cannot read $url/apt/$suite/" "apt 无法读取 $url/apt/$suite/"
    grep -E '^[EW]: ' "$scratch/said" >"$scratch/complaints"
    shown "$scratch/complaints"
  else
    good "apt reads $url/apt/$suite/" "apt 可读取 $url/apt/$suite/"
  fi
}
