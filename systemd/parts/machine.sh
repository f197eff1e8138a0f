# Part of install.sh: what the machine must have.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables are shared with install.sh

NEEDED_MB=1000 # an environment takes 360; two for a while, and what building takes

systemd_version() { systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p'; }
python_version() { "$PYTHON" -c 'import sys; print("%d%02d" % sys.version_info[:2])'; }

check_machine() {
    command -v systemctl >/dev/null || die "there is no systemd here; run edge-run by hand"
    [[ $start == no || -d /run/systemd/system ]] ||
        die "systemd does not run this machine; install with --no-start"
    (($(systemd_version) >= 252)) ||
        die "systemd $(systemd_version) is too old: 252 (Raspberry Pi OS Bookworm) or later"
    [[ $(getconf LONG_BIT) == 64 ]] ||
        die "a 32-bit system: there is no interpreter for it; install 64-bit Raspberry Pi OS"
    check_python
}

check_python() {
    PYTHON=$(command -v "$PYTHON") || die "there is no Python here: sudo apt install python3"
    (($(python_version) >= 311)) || die "$PYTHON is too old: Python 3.11 or later"
    case $("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))') in
    /home/* | /root/* | /run/user/*)
        die "$PYTHON lies in a home folder, which the service cannot see; use /usr/bin/python3"
        ;;
    esac
}

# Two at a time would remove each other's environments; the lock ends with this process.
only_one() {
    mkdir -p "$RELEASES"
    exec 9>"$HOME_DIR/lock"
    flock --nonblock 9 || die "another install.sh is at work; wait for its end"
}

# What a power cut or a kill has left behind goes first.
make_room() {
    local free
    remove_other_releases
    free=$(df --output=avail -BM "$RELEASES" | tr -dc '0-9')
    ((free >= NEEDED_MB)) || die "$HOME_DIR: ${free} MB free, ${NEEDED_MB} MB are needed"
}

# What an earlier run was asked for stays.
remember_options() {
    [[ ! -e $UNITS/edge-run.service.d/pi-camera.conf ]] || picamera=yes
    [[ ! -e $UNITS/edge-run.service.d/gpio.conf ]] || gpio=yes
    ! compgen -G "$CURRENT/lib/python3*/site-packages/apprise" >/dev/null || apprise=yes
}

missing_packages() {
    local wanted=() one
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || say python3-venv
    [[ $picamera == no ]] || wanted+=(python3-picamera2)
    [[ $gpio == no ]] || wanted+=(python3-gpiozero python3-lgpio)
    for one in "${wanted[@]}"; do
        dpkg-query -W -f '${Status}' "$one" 2>/dev/null | grep -q 'ok installed' || say "$one"
    done
}

install_packages() {
    local missing command
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]})) || return 0
    command=(apt-get install -y --no-install-recommends "${missing[@]}")
    [[ $apt == yes ]] || die "missing: ${missing[*]}; add --apt, or run: sudo ${command[*]}"
    say "apt: ${missing[*]}"
    apt-get update -qq || die "apt-get update failed; is the network there?"
    DEBIAN_FRONTEND=noninteractive "${command[@]}" -qq || die "${command[*]} failed"
}
