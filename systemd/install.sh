#!/usr/bin/env bash
# Installs edge-run as a service from this checkout, or brings it up to date.
#
#   sudo systemd/install.sh                    one camera, /etc/edge-run/config.toml
#   sudo systemd/install.sh --apt --picamera   a Pi's own camera, packages it needs from apt
#   sudo systemd/install.sh --instance door    one more camera, /etc/edge-run/door.toml
#   sudo systemd/install.sh --uninstall        leaves configuration and alerts; --purge does not
#
# Options:
#   --apt            install the Debian packages that are missing
#   --picamera       use the system's picamera2
#   --gpio           allow a lamp or buzzer on the board's pins
#   --apprise        mail, chat and SMS through Apprise
#   --instance NAME  install for /etc/edge-run/NAME.toml as edge-run@NAME
#   --wheels DIR     install from the wheels in DIR, without network; DIR is made on a machine
#                    of the same kind: pip download -d DIR -c systemd/constraints-....txt \
#                    '.[service]' 'setuptools>=77'
#   --no-start       install only
#   --uninstall      remove the service and its environment
#   --purge          with --uninstall: configuration, secrets and kept alerts, too
#
# An upgrade is the same command in a newer checkout; what an earlier run was asked for is kept,
# and so are configuration, secrets and alerts; what somebody has disabled stays disabled. The new
# environment is built and tested beside the old one, which goes on until the new one is ready,
# and comes back if it is not. After a power cut or Ctrl-C, run it again.
set -euo pipefail
umask 022

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HOME_DIR=/opt/edge-emotion
RELEASES=$HOME_DIR/releases
STARTED=$HOME_DIR/started # a file for each unit that was once started and enabled
CURRENT=$HOME_DIR/venv # a link to the release in use
CONFIG_DIR=/etc/edge-run
UNITS=/etc/systemd/system
COMMAND=/usr/local/bin/edge-run
PYTHON=${PYTHON:-/usr/bin/python3}

apt=no picamera=no gpio=no apprise=no start=yes uninstall=no purge=no instance='' wheels=''
unfinished=() # what a failure would leave behind

# shellcheck source=systemd/parts/machine.sh
source "$CHECKOUT/systemd/parts/machine.sh"
# shellcheck source=systemd/parts/release.sh
source "$CHECKOUT/systemd/parts/release.sh"
# shellcheck source=systemd/parts/configuration.sh
source "$CHECKOUT/systemd/parts/configuration.sh"
# shellcheck source=systemd/parts/service.sh
source "$CHECKOUT/systemd/parts/service.sh"

say() { printf '%s\n' "$*"; }
die() {
    printf 'install.sh: error: %s\n' "$*" >&2
    exit 1
}
help() { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
clean_up() { ((${#unfinished[@]} == 0)) || rm -rf "${unfinished[@]}"; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

read_options() {
    while (($#)); do
        case $1 in
        --apt) apt=yes ;;
        --picamera) picamera=yes ;;
        --gpio) gpio=yes ;;
        --apprise) apprise=yes ;;
        --no-start) start=no ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --instance | --wheels)
            [[ -n ${2:-} ]] || die "$1 needs a value; see $0 --help"
            if [[ $1 == --wheels ]]; then wheels=$2; else instance=$2; fi
            shift
            ;;
        -h | --help)
            help
            exit 0
            ;;
        *) die "unknown option $1; see $0 --help" ;;
        esac
        shift
    done
}

check_options() {
    [[ $purge == no || $uninstall == yes ]] || die "--purge only goes with --uninstall"
    [[ -z $instance || ($instance =~ ^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$ && $instance != config) ]] ||
        die "--instance $instance: letters, digits, - and _ only, 63 at most, no - first, not 'config'"
    if [[ -n $wheels ]]; then
        wheels=$(cd "$wheels" 2>/dev/null && pwd) || die "--wheels: there is no such folder"
    fi
    ((EUID == 0)) || die "run it as root: sudo $(printf %q "$0")"
    [[ $CHECKOUT/ != $HOME_DIR/* ]] ||
        die "$CHECKOUT: move the checkout elsewhere; $HOME_DIR is what the service is installed in"
}

install_all() {
    local release before='' units
    check_machine
    refuse_masked
    only_one
    make_room
    remember_options
    install_packages
    mapfile -t units < <(units_to_start)
    [[ ! -e $CURRENT ]] || before=$(readlink "$CURRENT")
    make_release
    configure
    check_configuration "$release" "${units[@]}"
    put_units "$release"
    unfinished=() # before `use`: Ctrl-C must not remove what is in use
    use "$release"
    if [[ $start == yes ]]; then
        start_or_go_back "$release" "$before" "${units[@]}"
    fi
    remove_other_releases
    tell_if_off
    say "installed: $("$CURRENT/bin/edge-run" --version)"
}

read_options "$@"
check_options
if [[ $uninstall == no ]]; then
    install_all
elif [[ -n $instance ]]; then
    uninstall_instance
else
    uninstall_all
fi
