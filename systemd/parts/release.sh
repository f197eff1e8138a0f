# Part of install.sh: environments, each with the units that belong to it.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables are shared with install.sh

# The package is built from a copy, so that the checkout stays as it is.
copy_source() {
    local one
    mkdir -p "$1"
    for one in pyproject.toml README.md LICENSE edge train convert benchmarks models; do
        cp -r "$CHECKOUT/$one" "$1"
    done
}

extras() {
    printf 'service'
    [[ $apprise == no ]] || printf ',apprise'
}

constraints() {
    local pins=trixie
    (($(python_version) > 311)) || pins=bookworm
    printf '%s/systemd/constraints-%s.txt' "$CHECKOUT" "$pins"
}

make_environment() {
    local options=()
    # picamera2 and lgpio are bound to the system's Python and come from apt only
    [[ $picamera == no && $gpio == no ]] || options+=(--system-site-packages)
    "$PYTHON" -m venv "${options[@]}" "$1"
}

# Into environment $1 from source $2; compiled here, since the service cannot write there.
install_package() {
    local options=(--quiet --disable-pip-version-check --no-cache-dir --compile)
    options+=(--constraint "$(constraints)")
    mkdir -p "$2/.tmp" # /tmp is memory on Trixie, and a small board has little
    [[ -z $wheels ]] || options+=(--no-index --find-links "$wheels")
    TMPDIR=$2/.tmp "$1/bin/python" -m pip install "${options[@]}" "${2}[$(extras)]" ||
        die "the package could not be installed (see above); is the network there? --wheels does without"
}

self_test() {
    say "self-test ..."
    "$1/bin/edge-run" --self-test >"$1/self-test.txt" 2>&1 || {
        cat "$1/self-test.txt" >&2
        die "this device does not compute what it should (see above)"
    }
}

# Make one and set `release` to its folder.
make_release() {
    release=$(mktemp -d "$RELEASES/$(date +%Y-%m-%d).XXXXXX")
    unfinished+=("$release" "$release.source")
    chmod 755 "$release"
    say "environment: $release"
    make_environment "$release"
    copy_source "$release.source"
    install_package "$release" "$release.source"
    rm -rf "$release.source"
    install -D -m 644 -t "$release/units" "$CHECKOUT"/systemd/edge-run{,@}.service
    install -m 644 -t "$release/units" "$CHECKOUT"/systemd/drop-ins/*.conf
    self_test "$release"
}

# Let services use release $1 from their next start on; there is no moment without one, and a
# power cut does not leave a link to what was not written yet.
use() {
    sync --file-system "$1"
    ln -sfn "$1" "$CURRENT.next"
    mv -T "$CURRENT.next" "$CURRENT"
}

# Does anything run from release $1? After --no-start, what runs still uses the one before.
in_use() { grep -qsz -- "^$1/bin/python" /proc/[0-9]*/cmdline; }

remove_other_releases() {
    local one
    for one in "$RELEASES"/*; do
        [[ $one -ef $CURRENT ]] || in_use "$one" || rm -rf "$one"
    done
}
