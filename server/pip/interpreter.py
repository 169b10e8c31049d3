"""Prints what this Python and its pip are, as JSON: the facts of a default target, and where its pip looks."""

import json
import os
import platform
import sys


def tags():
    try:
        from pip._internal.utils.compatibility_tags import get_supported

        return [str(tag) for tag in get_supported()]
    except Exception:
        return None


def configuration():
    """pip's own view of its options: environment over command sections over the global one."""
    from pip._internal.configuration import Configuration

    loaded = Configuration(isolated=False)
    loaded.load()
    found = {}
    for section in ("global", "install", "download", ":env:"):
        for key, value in loaded.items():
            # newer pips group the items by file
            for name, text in value.items() if isinstance(value, dict) else [(key, value)]:
                if name.startswith(section + "."):
                    found[name[len(section) + 1 :]] = text
    return found


def base():
    """The interpreter behind an environment, and where it lives."""
    executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    return {"executable": executable, "prefix": os.path.realpath(sys.base_prefix)}


def index():
    try:
        options = configuration()
    except Exception as error:
        return {"error": str(error)}
    built_in, files = None, None
    try:
        from pip._internal.models.index import PyPI

        built_in, files = PyPI.simple_url, PyPI.file_storage_domain
    except Exception:
        pass
    configured = options.get("index-url")
    return {
        # the host that the built-in default keeps its files on
        "files": files if built_in in (None, configured or built_in) else None,
        "url": configured or built_in,
        "source": "pip's configuration" if configured else "pip's built-in default",
        "extra": (options.get("extra-index-url") or "").split(),
        "cert": options.get("cert"),
        "proxy": options.get("proxy"),
    }


print(
    json.dumps(
        {
            "executable": sys.executable,
            "version": platform.python_version(),
            "implementation": sys.implementation.name,
            "machine": platform.machine(),
            "libc": platform.libc_ver(),
            "tags": tags(),
            "index": index(),
            "base": base(),
        }
    )
)
