# Getting a file of the tree, with whatever this pod has.

# get PATH FILE: the tree's PATH as FILE; false when it cannot be had. No proxy stands between a pod and its mirror.
get() {
  case $base in
    /*) cp -- "$base/$1" "$2" 2>/dev/null && chmod 644 "$2" ;;
    *) download "$base/$1" "$2" ;;
  esac
}

download() {
  if has python3 && python3 -c '
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1], timeout=10) as answer, open(sys.argv[2], "wb") as file:
    file.write(answer.read())
' "$1" "$2" 2>/dev/null; then return 0; fi
  if has curl && curl --fail --silent --noproxy '*' --max-time 20 --output "$2" "$1"; then return 0; fi
  if has wget; then
    for direct in --no-proxy '-Y off'; do
      # shellcheck disable=SC2086 # busybox has it as two words
      if wget -q $direct -T 10 -O "$2" "$1" 2>/dev/null; then return 0; fi
    done
  fi
  helper=/usr/lib/apt/apt-helper
  [ -x $helper ] || return 1
  # apt gives the file to its own user while it comes, so it needs a folder that user may enter
  rm -f "$2"
  $helper -q -o "Acquire::http::Proxy::$(host_of "$1")=DIRECT" -o Acquire::http::Timeout=10 -o Acquire::Retries=0 \
    -o Acquire::EnableSrvRecords=false -o APT::Sandbox::User=root download-file "$1" "$2" >/dev/null 2>&1
}

# host_of URL: without its port.
host_of() {
  printf '%s\n' "$1" | sed -e 's|^[a-z]*://||' -e 's|/.*||' -e 's|:[0-9]*$||'
}
