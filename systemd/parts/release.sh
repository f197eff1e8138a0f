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
    [[ -z $wheels ]] || options+=(--no-index --find-links "$wheels")
    "$1/bin/python" -m pip install "${options[@]}" "${2}[$(extras)]" ||
        die "the package could not be installed (see above)"
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

# Let services use release $1 from their next start on; there is no moment without one.
use() {
    ln -sfn "$1" "$CURRENT.next"
    mv -T "$CURRENT.next" "$CURRENT"
}

remove_other_releases() {
    find "$RELEASES" -mindepth 1 -maxdepth 1 ! -path "$(readlink "$CURRENT")" \
        -exec rm -rf {} +
}
