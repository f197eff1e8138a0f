# Part of install.sh: /etc/edge-run, which belongs to the operator.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables are shared with install.sh

# File that configures unit $1.
config_of() {
    local name=${1#edge-run}
    name=${name#@}
    printf '%s/%s.toml' "$CONFIG_DIR" "${name:-config}"
}

# The first port for /healthz and /metrics that no configuration here names.
free_port() {
    local port=9464
    while grep -qs ":$port\"" "$CONFIG_DIR"/*.toml; do ((port += 1)); done
    printf '%s' "$port"
}

default_config() {
    local edits=() port
    port=$(free_port)
    [[ -z $instance && $port == 9464 ]] ||
        edits+=(-e "s/^#\?listen = .*:9464\"/listen = \"127.0.0.1:$port\"/")
    # named, so that `edge-run --config ... alerts` finds this instance's and no other's
    [[ -z $instance ]] ||
        edits+=(
            -e "/^#\?\[outbox\]/,/^#\?\[/s|^#\?path = .*|path = \"/var/lib/edge-run-$instance/outbox.sqlite3\"|"
            -e "s|/var/lib/edge-run/|/var/lib/edge-run-$instance/|"
            -e "s|/etc/edge-run/config.toml|/etc/edge-run/$instance.toml|"
            -e "s|restart edge-run\$|restart edge-run@$instance|"
        )
    sed "${edits[@]}" -e '' "$CHECKOUT/systemd/config.toml"
}

# A camera's address may hold a password: only root and the service, of group video, read it.
# Whole or not at all, since what is there is never written again.
put_config() {
    install -m 640 -g video /dev/stdin "$2.part" <<<"$1"
    mv "$2.part" "$2"
}

# The service reads configuration $1 as group video, whatever an editor has made of its mode.
let_read() {
    [[ ! -e $1 ]] || { chgrp video "$1" && chmod g+r "$1"; }
}

configure() {
    local file
    file=$(config_of "$(unit)")
    install -d -m 755 "$CONFIG_DIR"
    install -d -m 700 "$CONFIG_DIR/credentials"
    if [[ ! -e $file ]]; then
        put_config "$(default_config)" "$file"
        say "configuration: $file (new; edit it, then: sudo systemctl restart $(unit))"
    elif [[ -z $instance ]] && ! cmp -s "$file" "$CHECKOUT/systemd/config.toml"; then
        put_config "$(<"$CHECKOUT/systemd/config.toml")" "$file.new"
        say "configuration: $file (kept; the defaults of this version: $file.new)"
    else
        say "configuration: $file (kept)"
    fi
}

# Does what is configured fit release $1? For units $2...
check_configuration() {
    local one checked=$1
    shift
    for one in "$@"; do
        let_read "$(config_of "$one")"
        CREDENTIALS_DIRECTORY=$CONFIG_DIR/credentials \
            "$checked/bin/edge-run" --config "$(config_of "$one")" --check-config >/dev/null ||
            die "$(config_of "$one") does not fit this version; mend it and run this again"
    done
}
