# The command line.

# read_options ARGUMENT...: sets where, target, scope and task.
read_options() {
  where='' target='' scope='' task=setup refresh=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --target) [ $# -gt 1 ] || misused "$1"; target=$2; shift ;;
      --target=*) target=${1#*=} ;;
      --user) scope=user ;;
      --no-update) refresh=no ;;
      --check) task=check ;;
      --undo) task=undo ;;
      --describe) task=describe ;;
      -h | --help) task=help ;;
      -*) misused "$1" ;;
      *) [ -z "$where" ] || misused "$1"; where=$1 ;;
    esac
    shift
  done
  case $target in
    *[!a-z0-9-]* | -*) fail "No target is called '$target'." "没有名为 '$target' 的目标环境。" ;;
  esac
}

misused() {
  say "airlock: I do not understand '$1'." "airlock: 无法理解参数 '$1'。"
  usage >&2
  exit 2
}

usage() {
  if [ "$language" = zh ]; then
    cat <<'END'
用法: sh setup.sh [位置] [选项]
  位置             Airlock 的地址（http://airlock.example:8080）或挂载的目录；
                   默认为本脚本所在的目录树，其次为 /opt/public/airlock
  --target 名称    使用哪个目标环境（默认 default）
  --user           只配置当前用户的 pip 和 uv；非 root 时自动如此
  --no-update      不在最后运行 apt-get update
  --check          逐一实际请求，说明哪些可用、哪些残留配置会造成妨碍；不做任何更改
  --undo           恢复原样
  --describe       输出本机的描述，供 `airlock target add` 使用
END
  else
    cat <<'END'
Usage: sh setup.sh [WHERE] [OPTIONS]
  WHERE            Airlock's address (http://airlock.example:8080) or its mounted folder;
                   by default the tree that this script lies in, else /opt/public/airlock
  --target NAME    the target to use (default: default)
  --user           only this user's pip and uv; so by itself where you are not root
  --no-update      no apt-get update at the end
  --check          say what works, by really asking, and what is left that would defeat it; changes nothing
  --undo           put everything back as it was
  --describe       print what this pod is, for `airlock target add`
END
  fi
}
