# Sourced by the commands beside it: finds Python, makes .venv, installs the locked packages.
# shellcheck shell=bash

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# version_in FILE: the version that a portal/version.py names.
version_in() { sed -n 's/^VERSION = "\(.*\)"$/\1/p' "$1"; }

# A Python on the PATH that is new enough: the distribution's if it can make an environment, since it
# is updated with the system and built with optimizations that others often lack (the portal takes a
# fifth less time with it); else the first. Fails if there is none.
find_python() {
    local python found=""
    while read -r python; do
        if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            continue
        fi
        found="${found:-$python}"
        if [[ "$python" == /usr/bin/* ]] && "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            found="$python"
            break
        fi
    done < <(type -aP python3 python3.11 python3.12 python3.13 python3.14)
    [ -n "$found" ] && printf '%s\n' "$found"
}

# install_debian PACKAGE...: as root with apt; otherwise says what to type, and stops.
install_debian() {
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing with apt: $*"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        fail "Missing on this machine: $*. On Debian or Ubuntu: sudo apt-get install $*"
    fi
}

make_venv() {
    local python version
    if ! python="$(find_python)"; then
        install_debian python3 python3-venv
        python="$(find_python)" \
            || fail "The portal needs Python 3.11 or newer, which this system's packages do not have."
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
        install_debian "python$version-venv"
    fi
    say "Creating the environment in .venv with $("$python" --version)."
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# Compiles what changed, for a start that need not: the server's user may be unable to write here.
compile_sources() {
    local stamp="$venv/.compiled"
    if [ -w "$venv" ] && { [ ! -f "$stamp" ] || [ -n "$(find "$root/portal" "$root/blueprints" \
        -name '*.py' -newer "$stamp" -print -quit)" ]; }; then
        "$venv/bin/python" -m compileall -q "$root/portal" "$root/blueprints" || true
        touch "$stamp"
    fi
}

# The locks of the extras that bin/extra has installed, one a line.
installed_extras() {
    local stamp lock
    for stamp in "$venv"/.installed-requirements-*.txt; do
        lock="${stamp##*/.installed-}"
        if [ "$lock" != requirements-dev.txt ] && [ -f "$stamp" ] && [ -f "$root/$lock" ]; then
            printf '%s\n' "$lock"
        fi
    done
}

# ensure_packages LOCK...: installs what the locks ask for, and the extras that were there.
ensure_packages() {
    local lock
    for lock in "$@" $(installed_extras); do
        ensure_lock "$lock"
    done
    compile_sources
}

# ensure_lock LOCK: does nothing when the lock file is the one installed last.
ensure_lock() {
    local lock="$1" stamp="$venv/.installed-$1" wanted
    wanted="$(sha256sum <"$root/$lock")"
    if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(<"$stamp")" = "$wanted" ] \
        && "$venv/bin/python" -S -c '' 2>/dev/null; then
        return
    fi
    exec 9>"$root/.venv.lock"
    flock 9
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        make_venv
    fi
    if [ ! -f "$stamp" ] || [ "$(<"$stamp")" != "$wanted" ]; then
        local from=()
        if [ -d "$root/wheels" ]; then  # a bundle (bin/bundle): nothing is asked of a network
            from=(--isolated --no-index --find-links "$root/wheels")
        fi
        say "Installing the packages of $lock (their hashes are checked)."
        "$venv/bin/python" -m pip install --quiet --quiet --no-input --disable-pip-version-check \
            "${from[@]}" --require-hashes -r "$root/$lock"
        printf '%s\n' "$wanted" >"$stamp"
    fi
    exec 9>&-
}
