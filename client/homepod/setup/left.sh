# What is left somewhere and would defeat the set-up.

check_left() {
  variables_elsewhere | while IFS= read -r variable; do
    bad "the environment is stronger than any file: unset ${variable%%=*}   (${variable#*=})" \
      "环境变量优先于任何配置文件，请取消：${variable%%=*}   （${variable#*=}）"
  done
  left_proxy
  { other_pip_files; homes | sed -e 'h;s|$|/.config/pip/pip.conf|p;g;s|$|/.pip/pip.conf|'; } | sort -u |
    while IFS= read -r file; do
      if [ "$file" != "$(pip_file)" ] && leads_elsewhere filter_pip "$file"; then
        bad "$file is stronger than $(pip_file) and leads pip elsewhere" "$file 优先于 $(pip_file)，会把 pip 引向别处"
      fi
    done
  { echo "$config_home/uv/uv.toml"; homes | sed 's|$|/.config/uv/uv.toml|'; } | sort -u | while IFS= read -r file; do
    if [ "$file" != "$(uv_file)" ] && leads_elsewhere filter_uv "$file"; then
      bad "$file is stronger than $(uv_file) and leads uv elsewhere" "$file 优先于 $(uv_file)，会把 uv 引向别处"
    fi
  done
  left_conda
  left_project
  left_sources
}

# homes: the folders of this pod's other users, as far as they may be read.
homes() {
  for home in "$root"/root "$root"/home/*; do
    if [ -d "$home" ] && [ -r "$home" ]; then printf '%s\n' "$home"; fi
  done
}

# left_proxy: a mirror that is near is asked for through a proxy that is not.
left_proxy() {
  [ -n "$host" ] || return 0
  case ,${no_proxy:-${NO_PROXY:-}}, in *,"$host",* | *,"$host":* | *,\*,*) return 0 ;; esac
  case $url in
    http:*) proxy=${http_proxy:-${HTTP_PROXY:-${all_proxy:-${ALL_PROXY:-}}}} ;;
    *) proxy=${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-}}}} ;;
  esac
  [ -z "$proxy" ] || bad "the environment's proxy stands between this pod and Airlock: export no_proxy=$host" \
    "环境变量中的代理会拦在本机与 Airlock 之间，请设置：export no_proxy=$host"
}

# left_conda: variables that an environment of conda sets whenever it is activated.
left_conda() {
  find_pythons | while IFS= read -r python; do
    set_by_conda=$(dirname -- "$(dirname -- "$python")")/conda-meta/state
    if [ -f "$set_by_conda" ] && grep -E -q '"(PIP|UV)_[A-Z_]*(INDEX|LINKS|CONFIG)[A-Z_]*"' "$set_by_conda"; then
      bad "conda sets PIP_ or UV_ variables when this environment is activated: $set_by_conda" \
        "激活该 conda 环境时会设置 PIP_ 或 UV_ 变量：$set_by_conda"
    fi
  done
}

# left_project: a project has indexes of its own, for those who work in its folder.
left_project() {
  for file in ./uv.toml ./pyproject.toml; do
    if [ -f "$file" ] && grep -E -q '^[[:space:]]*(\[\[((tool\.uv\.)?index|tool\.poetry\.source|tool\.pdm\.source)|(extra-)?index-url[[:space:]]*=)' "$file"; then
      bad "in this folder, $file names indexes of its own" "当前目录的 $file 中另有索引配置"
    fi
  done
}

left_sources() {
  [ "$scope" != user ] || return 0
  other_sources | while IFS= read -r source; do
    if grep -E -q '^[[:space:]]*(deb |deb-src |deb\[|Types:)' "$source" 2>/dev/null; then
      bad "$source still has sources; each that does not answer costs minutes" "$source 中仍有软件源；每个无应答的源都会耗费数分钟"
    fi
  done
}
