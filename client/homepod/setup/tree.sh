# Where Airlock is, and what it has for pods: the tree's file `homepod/targets`.
#
#   airlock 1                      the form of this file
#   console URL                    where to ask for packages, where that is known
#   KIND TARGET INDEX SUMMARY      a target's index, KIND/INDEX/: of pip, or of apt

# remember: what is not said is as it was at the last set-up, for those who only look.
remember() {
  if [ "$task" = check ] && [ -z "$where" ] && [ -r "$keep/set" ]; then
    read -r where remembered <"$keep/set"
    target=${target:-$remembered}
  fi
}

# find_tree: sets base, a URL without its last slash or an absolute folder; url, what pip's and apt's addresses begin
# with; and reads the targets. Fails where nothing is there.
find_tree() {
  remember
  case $where in
    '')
      if [ -r "$here/targets" ]; then
        base=$(CDPATH='' cd -- "$here/.." && pwd)
      elif [ -r "$root/opt/public/airlock/homepod/targets" ]; then
        base=/opt/public/airlock
      else
        fail "Where is Airlock? Give its address: sh setup.sh http://airlock.example:8080" \
          "Airlock 在哪里？请给出地址：sh setup.sh http://airlock.example:8080"
      fi
      ;;
    http://* | https://*) base=$(printf '%s\n' "$where" | sed -e 's|/*$||' -e 's|/homepod/setup\.sh$||') ;;
    file:///*) base=$(CDPATH='' cd -- "${where#file://}" 2>/dev/null && pwd) || base= ;;
    *) base=$(CDPATH='' cd -- "$where" 2>/dev/null && pwd) || base= ;;
  esac
  case $base in
    '') fail "There is no folder $where." "没有目录 $where。" ;;
    *[!A-Za-z0-9._~:/@%[\]+-]*) fail "No client takes the address '$base'." "客户端无法使用地址 '$base'。" ;;
    *@*) fail "Give the address without a password." "请给出不含密码的地址。" ;;
  esac
  targets=$scratch/targets
  get homepod/targets "$targets" ||
    fail "No Airlock answers at $base. Is the address right, and may this pod reach it?" \
      "$base 处没有 Airlock 应答。请检查地址，以及本机能否访问。"
  [ "$(head -n 1 "$targets")" = 'airlock 1' ] ||
    fail "$base/homepod/targets is not what this script reads. Take setup.sh from the same place." \
      "$base/homepod/targets 的格式与本脚本不符，请使用同一位置的 setup.sh。"
  case $base in
    /*) url=file://$base host='' ;;
    *) url=$base host=$(host_of "$base") ;;
  esac
  console=$(sed -n 's|^console \(https\{0,1\}://[][A-Za-z0-9._:/~%-]*\)$|\1|p' "$targets" | head -n 1)
}

# target_names KIND
target_names() { awk -v kind="$1" '$1 == kind { print $2 }' "$targets"; }

# choose_target KIND: prints the target's name, empty where there is none of this kind.
choose_target() {
  if [ -n "$target" ]; then
    target_names "$1" | grep -x -e "$target" || true
  elif target_names "$1" | grep -q -x default; then
    echo default
  elif [ "$(target_names "$1" | wc -l)" -eq 1 ]; then
    target_names "$1"
  fi
}

# index_of KIND TARGET
index_of() { awk -v kind="$1" -v name="$2" '$1 == kind && $2 == name { print $3; exit }' "$targets"; }

# choose_targets: sets index, pip's, and suite, apt's; either may be empty.
choose_targets() {
  index=$(index_of pip "$(choose_target pip)")
  suite=$(index_of apt "$(choose_target apt)")
  if [ -z "$index$suite" ]; then
    say "airlock: Which target? Give one with --target:" "airlock: 使用哪个目标环境？请用 --target 指定："
    sed -n -E 's/^(pip|apt) ([^ ]*) [^ ]* */  \1  \2  /p' "$targets" >&2
    exit 1
  fi
}
