"""Installs wheels into a folder of its own and imports what was asked for. Runs in a sandbox; its one argument is a plan."""

import json
import os
import re
import subprocess
import sys
from importlib import machinery, metadata

SITE = '/build/site'
NOT_FOR_USERS = {'test', 'tests', 'testing', 'example', 'examples', 'doc', 'docs', 'benchmark', 'benchmarks', 'scripts', 'tools'}


def main():
    plan = json.loads(sys.argv[1])
    install(plan['uv'], plan['wheels'])
    with open('/build/out/imports.json', 'w') as out:
        json.dump([imported(name, plan['seconds']) for name in plan['roots']], out)


def install(uv, wheels):
    options = ['--no-deps', '--no-index', '--offline', '--no-config', '--no-cache', '--no-progress', '--quiet']
    command = [uv, 'pip', 'install', *options, '--link-mode', 'copy', '--python', sys.executable, '--target', SITE]
    subprocess.run([*command, *[os.path.join(wheels, name) for name in sorted(os.listdir(wheels))]], check=True)


def imported(name, seconds):
    modules = modules_of(name)
    answer = f'/build/{name}.json'
    # each in a Python of its own, since what one leaves behind may help or harm the next
    command = [sys.executable, '-I', '-c', CHILD, SITE, answer, *modules]
    told = {'module': modules[0] if modules else '', 'kind': '', 'message': ''}
    try:
        status = subprocess.run(command, timeout=seconds).returncode
        with open(answer) as file:
            return {'root': name, 'modules': modules, **json.load(file)}
    except subprocess.TimeoutExpired:
        error = {**told, 'kind': 'timeout'}
    except (OSError, ValueError):
        error = {**told, 'kind': 'ended', 'message': str(status)}
    return {'root': name, 'modules': modules, 'seconds': seconds, 'error': error}


CHILD = '''
import json, site, sys, time
_, folder, answer, *modules = sys.argv
site.addsitedir(folder)
sys.path.insert(0, folder)
began, error = time.perf_counter(), None
for module in modules:
    try: __import__(module)
    except BaseException as cause:
        error = {"module": module, "kind": type(cause).__name__, "message": str(cause)[:1000]}
        break
with open(answer, "w") as file: json.dump({"seconds": time.perf_counter() - began, "error": error}, file)
'''


def modules_of(name):
    """The importable names that a distribution has at its top: packages, modules, and the first package within a namespace."""
    normal = re.sub(r'[-_.]+', '-', name).lower()
    found = set()
    for distribution in metadata.distributions(path=[SITE]):
        if re.sub(r'[-_.]+', '-', distribution.metadata['Name'] or '').lower() == normal:
            found.update(module for file in distribution.files or [] for module in [module_of(file.parts)] if module)
    shortest = {module for module in found if not any(module.startswith(other + '.') for other in found)}
    public = {module for module in shortest if not module.startswith('_') and module.split('.')[0] not in NOT_FOR_USERS}
    return sorted(public or shortest)[:20]


def module_of(parts):
    *folders, last = parts
    if not all(folder.isidentifier() for folder in folders):
        return None
    if last in ('__init__.py', *['__init__' + suffix for suffix in machinery.EXTENSION_SUFFIXES]):
        return '.'.join(folders) or None
    if folders:
        return None
    for suffix in (*machinery.EXTENSION_SUFFIXES, '.py'):
        stem = last[: -len(suffix)]
        if last.endswith(suffix) and stem.isidentifier():
            return stem
    return None


main()
