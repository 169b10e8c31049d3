# What reads neither pip.conf nor uv.toml: pdm is told for its user, poetry can only be told for each project.

write_others() {
  if has pdm; then write_pdm; fi
  if has poetry; then
    case $url in
      file:*)
        say "  poetry reads an index over HTTP only: set this pod up with Airlock's address to use it." \
          "  poetry 只能通过 HTTP 读取索引：如需使用，请用 Airlock 的地址配置本机。"
        ;;
      *)
        say "  poetry knows no setting for all projects; in each: poetry source add --priority=primary airlock $url/pip/$index/" \
          "  poetry 没有全局设置；请在每个项目中运行：poetry source add --priority=primary airlock $url/pip/$index/"
        ;;
    esac
  fi
  if has conda || has mamba; then
    say "  conda's pip is set up. conda's own channels are not mirrored: install with pip." \
      "  conda 中的 pip 已配置。conda 自身的频道没有镜像：请用 pip 安装。"
  fi
}

write_pdm() {
  file=$config_home/pdm/config.toml
  new=$scratch/pdm.toml
  if [ -e "$file" ]; then cp -- "$file" "$new"; else : >"$new"; fi
  case $url in https:* | file:*) verify=true ;; *) verify=false ;; esac
  for setting in "check_update false" "pypi.url $url/pip/$index/" "pypi.verify_ssl $verify"; do
    # shellcheck disable=SC2086 # a key and its value
    PDM_CONFIG_FILE=$new PDM_CHECK_UPDATE=false pdm config $setting >/dev/null 2>&1 || {
      say "  ATTENTION: pdm could not be set: pdm config pypi.url $url/pip/$index/" \
        "  注意：pdm 未能配置，请手动运行：pdm config pypi.url $url/pip/$index/"
      return 0
    }
  done
  put "$new" "$file"
}
