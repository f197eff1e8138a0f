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
    if [[ -z $instance ]]; then
        cat "$CHECKOUT/systemd/config.toml"
    else
        # named, so that `edge-run --config ... alerts` finds this instance's and no other's
        sed -e "s/^#\?listen = .*:9464\"/listen = \"127.0.0.1:$(free_port)\"/" \
            -e "/^#\?\[outbox\]/,/^#\?\[/s|^#\?path = .*|path = \"/var/lib/edge-run-$instance/outbox.sqlite3\"|" \
            "$CHECKOUT/systemd/config.toml"
    fi
}

# A camera's address may hold a password: only root and the service, of group video, read it.
put_config() {
    local text
    text=$(default_config)
    install -m 640 -g video /dev/stdin "$1" <<<"$text"
}

configure() {
    local file
    file=$(config_of "$(unit)")
    install -d -m 755 "$CONFIG_DIR"
    install -d -m 700 "$CONFIG_DIR/credentials"
    if [[ ! -e $file ]]; then
        put_config "$file"
        say "configuration: $file (new; edit it, then: sudo systemctl restart $(unit))"
    elif [[ -z $instance ]] && ! cmp -s "$file" "$CHECKOUT/systemd/config.toml"; then
        put_config "$file.new"
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
        CREDENTIALS_DIRECTORY=$CONFIG_DIR/credentials \
            "$checked/bin/edge-run" --config "$(config_of "$one")" --check-config >/dev/null ||
            die "$(config_of "$one") does not fit this version; mend it and run this again"
    done
}
