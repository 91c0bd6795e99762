# What the machine must have. Installs it from Debian's packages where it may, says what is missing where it may not.

install_system_packages() {
    say "system packages"
    local missing=()
    command -v rabbitmq-server >/dev/null || [ -x /usr/sbin/rabbitmq-server ] || missing+=(rabbitmq-server)
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
    command -v chromium >/dev/null || missing+=(chromium)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    command -v g++ >/dev/null || missing+=(g++)
    command -v setpriv >/dev/null || missing+=(util-linux)
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && { echo "all there"; return; }
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing: ${missing[*]}. Run as root, or: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "installing ${missing[*]}"
    apt-get update -q >/dev/null
    # Run level 1: the packages' own servers are not started; the tests start private ones.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}
