"""Builds a wheel from an sdist, within a sandbox: PEP 517, 518.

Arguments: a JSON object with `source` (a file), `wheels` (a folder), `backend`, `path`, `requires` (what is installed
already). Leaves in /build/out either the wheel, or `requires.json`: what the backend wants beside `requires`.
Runs on whatever Python a pod may have, so it is written for an old one.
"""

import json
import os
import subprocess
import sys

BUILD = "/build"
SOURCE = BUILD + "/src"
ENVIRONMENT = BUILD + "/env"
OUT = BUILD + "/out"


def say(text):
    print("airlock: " + text, flush=True)


def unpack(archive):
    """The archive's one folder."""
    os.makedirs(SOURCE)
    if archive.endswith(".zip"):
        import zipfile

        with zipfile.ZipFile(archive) as opened:
            opened.extractall(SOURCE)
    else:
        import tarfile

        with tarfile.open(archive) as opened:
            # older patch releases know no filters; here nobody is harmed by what they would refuse
            if hasattr(tarfile, "data_filter"):
                opened.extractall(SOURCE, filter="data")
            else:
                opened.extractall(SOURCE)
    folders = [name for name in os.listdir(SOURCE) if os.path.isdir(os.path.join(SOURCE, name))]
    if len(folders) != 1:
        sys.exit("airlock: the archive has %d folders at its top, not one" % len(folders))
    return os.path.join(SOURCE, folders[0])


def install(wheels):
    """An environment with these wheels and nothing else."""
    subprocess.check_call([sys.executable, "-I", "-S", "-m", "venv", "--without-pip", ENVIRONMENT])
    python = ENVIRONMENT + "/bin/python"
    site = subprocess.check_output([python, "-I", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"])
    site = site.decode().strip()
    for wheel in sorted(os.listdir(wheels)) if os.path.isdir(wheels) else []:
        say("installing " + wheel)
        install_wheel(os.path.join(wheels, wheel), site)
    return python


def install_wheel(path, site):
    import zipfile

    places = {"purelib": site, "platlib": site, "scripts": ENVIRONMENT + "/bin", "data": ENVIRONMENT}
    with zipfile.ZipFile(path) as opened:
        for member in opened.infolist():
            if member.filename.endswith("/"):
                continue
            parts = member.filename.split("/")
            target = os.path.join(site, *parts)
            if parts[0].endswith(".data") and len(parts) > 2:
                target = os.path.join(places.get(parts[1], ENVIRONMENT + "/include"), *parts[2:])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            content = opened.read(member)
            is_script = parts[0].endswith(".data") and parts[1] == "scripts"
            if is_script and content.startswith(b"#!python"):
                content = b"#!" + ENVIRONMENT.encode() + b"/bin/python" + content[len(b"#!python") :]
            with open(target, "wb") as file:
                file.write(content)
            if is_script or (member.external_attr >> 16) & 0o111:
                os.chmod(target, 0o755)
        for name in opened.namelist():
            if name.endswith(".dist-info/entry_points.txt") and name.count("/") == 1:
                write_scripts(opened.read(name).decode("utf-8"))


def write_scripts(entry_points):
    import configparser

    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str
    parser.read_string(entry_points)
    if not parser.has_section("console_scripts"):
        return
    for name, value in parser.items("console_scripts"):
        module, _, attribute = value.split("[")[0].strip().partition(":")
        first = attribute.split(".")[0]
        script = "#!%s/bin/python\nimport sys\nfrom %s import %s\nsys.exit(%s())\n"
        target = os.path.join(ENVIRONMENT, "bin", os.path.basename(name))
        with open(target, "w") as file:
            file.write(script % (ENVIRONMENT, module, first, attribute))
        os.chmod(target, 0o755)


def build(plan):
    """The backend's two hooks. Runs in the environment, in the source's folder."""
    import importlib

    root = os.getcwd()
    # this file's own folder is nothing that a backend should see
    sys.path.pop(0)
    for folder in reversed(plan["path"]):
        sys.path.insert(0, os.path.normpath(os.path.join(root, folder)))
    module, _, attributes = plan["backend"].partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    wanted = getattr(backend, "get_requires_for_build_wheel", lambda settings=None: [])(None)
    missing = [requirement for requirement in wanted if requirement not in plan["requires"]]
    if missing:
        with open(OUT + "/requires.json", "w") as file:
            json.dump(missing, file)
        return
    say("building the wheel")
    say("made " + backend.build_wheel(OUT, None))


def main():
    os.umask(0o022)
    if sys.argv[1] == "build":
        return build(json.loads(sys.argv[2]))
    plan = json.loads(sys.argv[1])
    folder = unpack(plan["source"])
    python = install(plan["wheels"])
    say("built by " + plan["backend"])
    # without -I: what a backend starts itself finds the environment by PATH
    return sys.exit(subprocess.call([python, "-s", os.path.abspath(__file__), "build", sys.argv[1]], cwd=folder))


main()
