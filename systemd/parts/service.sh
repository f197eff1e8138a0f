# Part of install.sh: units: put in place, started, taken away.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables are shared with install.sh

# The one that this run is about.
unit() { printf 'edge-run%s' "${instance:+@$instance}"; }

# Every unit of ours that is enabled or running.
installed_units() {
    local link
    {
        for link in "$UNITS"/multi-user.target.wants/edge-run{,@*}.service; do
            [[ ! -L $link ]] || basename "$link"
        done
        systemctl list-units --plain --no-legend 'edge-run.service' 'edge-run@*.service' \
            2>/dev/null | awk '{print $1}'
    } | sed 's/\.service$//' | sort -u
}

# Those that are there, and the one that this run is about, unless somebody has disabled it.
units_to_start() {
    local there
    there=$(installed_units) || true # where systemd does not run
    [[ -z $there ]] || say "$there"
    [[ -z $instance && -n $there ]] || grep -qx -- "$(unit)" <<<"$there" ||
        [[ -e $STARTED/$(unit) ]] || say "$(unit)"
}

# Masked is the strongest no that systemd knows; a new unit file would undo it.
refuse_masked() {
    local one
    for one in edge-run.service edge-run@.service "$(unit).service"; do
        [[ $(readlink "$UNITS/$one") != /dev/null ]] ||
            die "$one is masked; sudo systemctl unmask $one, and run this again"
    done
}

tell_if_off() {
    systemctl is-enabled --quiet "$(unit)" 2>/dev/null ||
        say "$(unit) does not start with the device: sudo systemctl enable --now $(unit)"
}

put_drop_in() {
    local folder
    for folder in "$UNITS/edge-run.service.d" "$UNITS/edge-run@.service.d"; do
        install -D -m 644 -t "$folder" "$1"
    done
}

# Those that belong to release $1.
put_units() {
    install -m 644 -t "$UNITS" "$1"/units/edge-run{,@}.service
    [[ $picamera == no ]] || put_drop_in "$1/units/pi-camera.conf"
    [[ $gpio == no ]] || put_drop_in "$1/units/gpio.conf"
    (($(systemd_version) < 254)) || put_drop_in "$1/units/trixie.conf"
    install -m 644 "$CHECKOUT/README.md" "$HOME_DIR/README.md"
    [[ -e $COMMAND && ! -L $COMMAND ]] || ln -sfn "$CURRENT/bin/edge-run" "$COMMAND"
}

# Wait for READY, which comes after the model and the camera's first answer.
restart() {
    systemctl daemon-reload
    (($#)) || return 0 # disabled, all of them
    systemctl reset-failed "$@" 2>/dev/null || true
    systemctl restart "$@"
}

# Start units $3... from release $1; if they do not, let them run from $2 again.
start_or_go_back() {
    local made=$1 before=$2 one
    shift 2
    (($# == 0)) || say "starting $* ..."
    if ! restart "$@"; then
        systemctl status --no-pager --lines 20 "$@" >&2 || true
        [[ -n $before ]] || die "it does not start (see above)"
        put_units "$before"
        use "$before"
        unfinished+=("$made")
        restart "$@" || true
        die "it does not start (see above); the version before is in use again"
    fi
    mkdir -p "$STARTED"
    for one in "$@"; do
        # once: whoever disables it later is not overruled
        [[ -e $STARTED/$one ]] || systemctl enable --quiet "$one"
        touch "$STARTED/$one"
        say "$one: $(systemctl show --property StatusText --value "$one")"
    done
}

uninstall_instance() {
    systemctl disable --now --quiet "$(unit)" 2>/dev/null || true
    rm -f "$STARTED/$(unit)"
    if [[ $purge == yes ]]; then
        rm -rf "$(config_of "$(unit)")" /var/lib/{,private/}"edge-run-$instance"
    fi
    say "removed: $(unit)"
}

remove_units() {
    local units one
    mapfile -t units < <(installed_units)
    ((${#units[@]} == 0)) || systemctl disable --now --quiet "${units[@]}"
    for one in pi-camera gpio trixie; do
        rm -f "$UNITS"/edge-run{,@}.service.d/"$one.conf"
    done
    rm -f "$UNITS"/edge-run{,@}.service
    rmdir "$UNITS"/edge-run{,@}.service.d 2>/dev/null || true # drop-ins of the operator's stay
}

uninstall_all() {
    remove_units
    [[ ! -L $COMMAND ]] || rm -f "$COMMAND"
    rm -rf "$HOME_DIR"
    if [[ $purge == yes ]]; then
        rm -rf "$CONFIG_DIR" "$UNITS"/edge-run{,@,@*}.service.d
        rm -rf /var/lib/{,private/}edge-run{,-*}
    else
        say "kept: $CONFIG_DIR and the alerts in /var/lib/edge-run; --purge removes them, too"
    fi
    systemctl daemon-reload 2>/dev/null || true
    say "removed: edge-run"
}
