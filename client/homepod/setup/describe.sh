# What this pod is, for `airlock target add`: a first line with the form's number, sections with one space before each
# line of content, and a last line by which a copy cut short is known. What is absent has no section.

describe() {
  echo 'airlock-pod 1'
  [ ! -r "$root/etc/os-release" ] || section os-release <"$root/etc/os-release"
  { dpkg --print-architecture 2>/dev/null || uname -m; } | section architecture
  describe_libc | section libc
  describe_pythons
  [ ! -r "$root/var/lib/dpkg/status" ] || thin_status <"$root/var/lib/dpkg/status" | section dpkg-status
  if has apt-config; then describe_apt; fi
  echo '== end'
}

# section KIND [ARGUMENT]: the content is read from stdin; none, no section.
section() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | without_passwords | sed 's/^/ /' >"$scratch/section"
  [ -s "$scratch/section" ] || return 0
  printf '== %s\n' "$*"
  cat "$scratch/section"
}

describe_libc() {
  getconf GNU_LIBC_VERSION 2>/dev/null && return 0
  { ldd --version 2>&1 || true; } | sed -n 's/^Version \([0-9.]*\)$/musl \1/p'
}

# thin_status: of each installed package what apt's solver reads.
thin_status() {
  awk '
    BEGIN {
      split("Package Status Version Architecture Multi-Arch Depends Pre-Depends Recommends Suggests Provides Conflicts Breaks Replaces Essential Priority Section Source", names, " ")
      for (at in names) wanted[names[at] ":"] = 1
    }
    /^$/ { print; next }
    /^[ \t]/ { if (keeps) print; next }
    { keeps = $1 in wanted; if (keeps) print }'
}

describe_apt() {
  apt_files "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*.list "$root"/etc/apt/sources.list.d/*.sources |
    grep -v -x -F "$root/etc/apt/sources.list.d/airlock.sources" | while IFS= read -r file; do
    section apt-sources "${file#"$root"}" <"$file"
  done
  # set-up has moved them aside, but they are what this pod is made of
  if [ -r "$keep/manifest" ]; then
    while read -r number kind state path; do
      case $kind:$path in
        kept:"$root"/etc/apt/sources.list | kept:"$root"/etc/apt/sources.list.d/*)
          if ! there "$path" && [ -r "$keep/was/$number" ]; then section apt-sources "${path#"$root"}" <"$keep/was/$number"; fi
          ;;
      esac
    done <"$keep/manifest"
  fi
  apt_files "$root/etc/apt/preferences" "$root"/etc/apt/preferences.d/* | grep -E '/[A-Za-z0-9_-]+(\.pref)?$' |
    while IFS= read -r file; do section apt-preferences "${file#"$root"}" <"$file"; done
  apt-config dump 2>/dev/null | grep -E '^APT::(Install-Recommends|Architectures)(::)? ' | section apt-config
}

# apt_files FILE...: those that exist.
apt_files() {
  for file; do
    if [ -f "$file" ] && [ -r "$file" ]; then printf '%s\n' "$file"; fi
  done
}

describe_pythons() {
  by_default=yes
  find_pythons | while IFS= read -r python; do
    (cd "$scratch" && "$python" -c "$python_program" "$by_default" </dev/null 2>/dev/null) >"$scratch/python" ||
      say "airlock: $python could not be described" "airlock: 无法描述 $python"
    if [ -s "$scratch/python" ]; then
      without_passwords <"$scratch/python"
      by_default=no
    fi
  done
}

# Runs on every Python since 3.6, with every pip.
python_program='
import os, platform, re, sys, sysconfig

def section(kind, lines):
    text = "".join(" %s\n" % re.sub(r"[\x00-\x1f\x7f]", "", line) for line in lines)
    sys.stdout.buffer.write(("== %s %s\n%s" % (kind, sys.executable, text)).encode("utf-8", "replace"))

def uv_platform():
    ours = sysconfig.get_platform()
    machine = re.sub("^linux-", "", ours)
    if machine not in ("x86_64", "aarch64"):
        return ours
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return machine + "-unknown-linux-musl"
    try:
        minor = int(os.confstr("CS_GNU_LIBC_VERSION").split(".")[1])
    except (ValueError, OSError, AttributeError, IndexError):
        return ours
    known = [one for one in [17, 28] + list(range(31, 41)) if one <= minor]
    return "%s-manylinux_2_%d" % (machine, known[-1]) if known else ours

def environment():
    if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        return "conda"
    if sys.prefix != sys.base_prefix:
        return "venv"
    if "/.pyenv/" in sys.prefix:
        return "pyenv"
    return "system" if sys.prefix in ("/usr", "/usr/local") else "other"

def tags():
    try:
        from pip._internal.utils.compatibility_tags import get_supported
        return [str(tag) for tag in get_supported()]
    except ImportError:
        from pip._internal.pep425tags import get_supported
        return ["-".join(tag) for tag in get_supported()]

def installed():
    try:
        from importlib import metadata
        pairs = [(one.metadata["Name"], one.version) for one in metadata.distributions()]
    except ImportError:
        from pip._vendor import pkg_resources
        pairs = [(one.project_name, one.version) for one in pkg_resources.working_set]
    first = {}
    for name, version in pairs:
        if name and version:
            first.setdefault(re.sub(r"[-_.]+", "-", name).lower(), "%s==%s" % (name, version))
    return [line for _, line in sorted(first.items())]

if sys.version_info < (3, 6):
    sys.exit(0)
facts = [
    "version " + platform.python_version(),
    "implementation " + sys.implementation.name,
    "platform " + uv_platform(),
]
try:
    import pip
    facts.append("pip " + pip.__version__)
    supported = tags()
except Exception:
    supported = []
section("python", facts + ["environment " + environment(), "default " + sys.argv[1]])
if supported:
    section("tags", supported)
try:
    there = installed()
except Exception:
    there = []
if there:
    section("freeze", there)
'
