# What each task does, in its order.

main() {
  read_options "$@"
  # a folder that stands for /, for an image that is being built
  root=${AIRLOCK_SETUP_ROOT:-}
  root=${root%/}
  HOME=${HOME:-/}
  config_home=${XDG_CONFIG_HOME:-$HOME/.config}
  if [ "$(id -u)" != 0 ] && [ -z "$root" ]; then scope=user; fi
  if [ "$scope" = user ]; then
    keep=${XDG_STATE_HOME:-$HOME/.local/state}/airlock-homepod
  else
    keep=$root/var/lib/airlock-homepod
  fi
  scratch=$(mktemp -d)
  trap 'rm -rf -- "$scratch"' EXIT
  trap 'exit 130' HUP INT TERM
  case $task in
    help) usage ;;
    undo) undo ;;
    describe) describe ;;
    check) check ;;
    *) set_up ;;
  esac
}

set_up() {
  find_tree
  choose_targets
  say "Airlock at $base:" "Airlock 位于 $base："
  open_keep
  if [ "$(cat "$keep/set" 2>/dev/null)" != "$base $target" ]; then printf '%s %s\n' "$base" "$target" >"$keep/set"; fi
  if [ -n "$index" ]; then
    write_pip
    write_uv
    write_others
  fi
  if [ "$scope" = user ]; then
    say "  apt is the system's: run this as root to set it up too." "  apt 属于系统：如需配置，请以 root 运行。"
  elif [ -n "$suite" ] && has apt-get; then
    write_apt
  fi
  variables_elsewhere >"$scratch/variables"
  if [ -s "$scratch/variables" ]; then
    say "  ATTENTION: these variables are stronger than any file; unset them:" "  注意：以下环境变量优先于任何配置文件，请将其取消："
    sed 's/^/    /' "$scratch/variables" >&2
  fi
  if [ "$scope" != user ] && [ -n "$suite" ] && [ -z "$root" ] && [ "$refresh" = yes ] && has apt-get; then
    apt-get -q update >&2 ||
      fail "apt could not read $url/apt/$suite/; what it said is above." "apt 无法读取 $url/apt/$suite/，详见上文。"
  fi
  say "Done. What went where, and whether it works: --check. Back to what was: --undo." \
    "完成。检查是否可用：--check；恢复原样：--undo。"
}
