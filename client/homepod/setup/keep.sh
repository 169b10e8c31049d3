# What was there before, so that --undo puts it back: in $keep,
#   manifest    a line for each path that was touched: NUMBER KIND STATE PATH
#               KIND is kept (it was there), made (it was not) or folder (made, to be empty again);
#               STATE is what set-up left there, by which a later change of somebody else is noticed; while that
#               changes, what it leaves and what it left, with a comma
#   was/NUMBER  what was there: moved here, so mode, owner and times are its own
# Invariant: a path's line is written before the path is touched.

# state_of PATH: what lies there, in one word.
state_of() {
  if [ -L "$1" ]; then
    printf 'link-%s\n' "$(readlink -- "$1" | cksum | tr ' ' -)"
  elif [ -e "$1" ]; then
    cksum <"$1" | tr ' ' -
  else
    echo absent
  fi
}

# there PATH: something is, be it a link to nothing.
there() { [ -e "$1" ] || [ -L "$1" ]; }

# line_of PATH: its line of the manifest, or nothing.
line_of() {
  [ ! -e "$keep/manifest" ] || path=$1 awk '
    { rest = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", rest) }
    rest == ENVIRON["path"] { print; exit }' "$keep/manifest"
}

# note KIND STATE PATH: a new line; sets number.
note() {
  number=$(($(wc -l <"$keep/manifest") + 1))
  printf '%s %s %s %s\n' "$number" "$1" "$2" "$3" >>"$keep/manifest"
}

# is_of STATE PATH: what lies there is what set-up left.
is_of() { case ,$1, in *,"$(state_of "$2")",*) ;; *) return 1 ;; esac; }

# renote NUMBER STATE: set-up is about to leave something else there.
renote() {
  number=$1 state=$2 awk '$1 == ENVIRON["number"] { sub(/^[^ ]+ [^ ]+ [^ ]+/, $1 " " $2 " " ENVIRON["state"]) } { print }' \
    "$keep/manifest" >"$keep/manifest.next"
  mv -f "$keep/manifest.next" "$keep/manifest"
}

# open_keep: makes it, and notes which of its parents were made for it.
open_keep() {
  [ ! -e "$keep/manifest" ] || return 0
  made_for_keep=$(missing_folders "$(dirname -- "$keep")")
  mkdir -p -- "$keep/was"
  chmod 700 "$keep"
  : >"$keep/manifest"
  printf '%s\n' "$made_for_keep" | note_folders
}

# missing_folders FOLDER: it and its parents, as far as they do not exist, outermost first.
missing_folders() {
  [ -d "$1" ] || { missing_folders "$(dirname -- "$1")"; printf '%s\n' "$1"; }
}

note_folders() {
  while IFS= read -r folder; do
    [ -z "$folder" ] || note folder - "$folder"
  done
}

make_folder() {
  missing_folders "$1" | note_folders
  mkdir -p -- "$1"
}

# put NEW PATH: makes PATH hold what the file NEW holds, with the mode and owner it had, else 0644.
put() {
  refuse_odd_path "$2"
  [ -L "$2" ] || [ "$(state_of "$1")" != "$(state_of "$2")" ] || return 0
  move_aside "$2" "$(state_of "$1")"
  next=$2.airlock-new
  if [ -e "$keep/was/$number" ]; then
    cp -p -- "$keep/was/$number" "$next"
    chmod u+w "$next"
  else
    : >"$next"
    chmod 644 "$next"
  fi
  cat "$1" >"$next"
  mv -f -- "$next" "$2"
  say "  wrote   $2" "  写入    $2"
}

# away PATH: it is no longer there.
away() {
  refuse_odd_path "$1"
  there "$1" || return 0
  move_aside "$1" absent
  rm -f -- "$1"
  say "  aside   $1" "  移开    $1"
}

# move_aside PATH STATE: keeps what is there, once, and notes what is about to be there; sets number.
move_aside() {
  line=$(line_of "$1")
  if [ -z "$line" ]; then
    if there "$1"; then
      note kept "$2" "$1"
      mv -- "$1" "$keep/was/$number"
    else
      make_folder "$(dirname -- "$1")"
      note made "$2" "$1"
    fi
    return 0
  fi
  number=${line%% *}
  state=$(printf '%s\n' "$line" | cut -d ' ' -f 3)
  case $line in
    *' kept '*)
      # killed before it was moved
      if there "$1" && ! there "$keep/was/$number"; then mv -- "$1" "$keep/was/$number"; fi
      ;;
  esac
  # somebody changed it after set-up: kept beside, and said
  is_of "$state" "$1" || beside "$1"
  renote "$number" "$2,$(state_of "$1")"
}

# beside PATH: what somebody changed is moved to a name that no client reads.
beside() {
  there "$1" || return 0
  free=$1.airlock-changed.save
  count=1
  while there "$free"; do
    count=$((count + 1))
    free=$1.airlock-changed-$count.save
  done
  mv -- "$1" "$free"
  : >"$scratch/changed"
  say "  changed $1 after set-up by somebody; that is now $free" \
    "  已改动  $1 在配置之后被修改过；修改后的内容保存在 $free"
}

refuse_odd_path() {
  case $1 in *'
'*) fail "I cannot keep a path with a line break: $1" "无法备份含换行的路径：$1" ;; esac
}

# undo: everything back, newest first. May be interrupted and run again.
undo() {
  if [ ! -e "$keep/manifest" ]; then
    say "There is nothing to undo here." "没有需要恢复的内容。"
    # killed before anything was touched
    rm -rf -- "${keep:?}"
    return 0
  fi
  sed '1!G;h;$!d' "$keep/manifest" >"$scratch/reversed"
  while read -r number kind state path; do
    case $kind in
      made | kept) restore ;;
    esac
  done <"$scratch/reversed"
  remove_folders
  rm -rf -- "${keep:?}"
  # those that it lay in
  remove_folders
  if [ -e "$scratch/changed" ]; then
    say "Everything is as it was, and what was changed after set-up lies beside it, named above." \
      "已恢复原样；配置之后被修改过的内容保存在旁边，见上文。"
  else
    say "Everything is as it was." "已恢复原样。"
  fi
}

# remove_folders: those that set-up made, where nothing else has come to lie in them.
remove_folders() {
  while read -r number kind state path; do
    [ "$kind" != folder ] || rmdir -- "$path" 2>/dev/null || true
  done <"$scratch/reversed"
}

# restore: one line of the manifest.
restore() {
  rm -f -- "$path.airlock-new"
  # killed before it was moved, or restored by an undo that was interrupted
  [ "$kind" = made ] || there "$keep/was/$number" || return 0
  # somebody may have put it back already; the mode and times are still the kept one's
  if is_of "$state" "$path" || { [ "$kind" = kept ] && is_of "$(state_of "$keep/was/$number")" "$path"; }; then
    rm -f -- "$path"
  else
    beside "$path"
  fi
  if [ "$kind" = made ]; then
    say "  removed $path" "  删除    $path"
    return 0
  fi
  mkdir -p -- "$(dirname -- "$path")"
  mv -- "$keep/was/$number" "$path"
  say "  back    $path" "  恢复    $path"
}
