# Functions for hooks: source "${ENROOT_LIBRARY_PATH}/common.sh"
#
# Bash 4.3 or later. Every function may be called under `set -eu`.
# shellcheck shell=bash

[ -n "${_ENROOT_COMMON_SH-}" ] && return
readonly _ENROOT_COMMON_SH=1

# TTY_ON or TTY_OFF is set, for ${TTY_OFF+--no-progress} and the like.
if [ -t 2 ]; then
    readonly TTY_ON=y
else
    readonly TTY_OFF=y
fi

# common::fmt COLOUR TEXT: prints text in a colour (bold, red, green, yellow, blue), on a terminal.
common::fmt() {
    local code=

    if [ -n "${TTY_ON-}" ]; then
        case "$1" in
        bold)   code=1 ;;
        red)    code=31 ;;
        green)  code=32 ;;
        yellow) code=33 ;;
        blue)   code=34 ;;
        esac
    fi
    if [ -n "${code}" ]; then
        printf '\033[%sm%s\033[0m' "${code}" "$2"
    else
        printf '%s' "$2"
    fi
}

# common::log [LEVEL MESSAGE [NL]]: logs a message; `-` stands for the lines of standard input.
# NL, or no argument at all, adds an empty line on a terminal.
common::log() {
    local level="${1-}" message="${2-}" prefix='' line=''

    case "${level}" in
    INFO)  prefix=$(common::fmt blue "[INFO]") ;;
    WARN)  prefix=$(common::fmt yellow "[WARN]") ;;
    ERROR) prefix=$(common::fmt red "[ERROR]") ;;
    esac
    if [ "${message}" = "-" ]; then
        while IFS= read -r line || [ -n "${line}" ]; do
            printf '%s %b\n' "${prefix}" "${line}" >&2
        done
    elif [ -n "${message}" ]; then
        printf '%s %b\n' "${prefix}" "${message}" >&2
    fi
    if [ -n "${TTY_ON-}" ] && { [ $# -eq 0 ] || [ "${3-}" = "NL" ]; }; then
        echo >&2
    fi
}

# common::err MESSAGE: logs an error and exits.
common::err() {
    common::log ERROR "$1"
    exit 1
}

# common::checkcmd COMMAND...: fails unless every command is there.
common::checkcmd() {
    local cmd=

    for cmd in "$@"; do
        command -v "${cmd}" > /dev/null || common::err "Command not found: ${cmd}"
    done
}

# common::realpath PATH: prints the absolute path without symbolic links; the last part may be missing.
common::realpath() {
    local path=

    path=$(readlink -f -- "$1" 2> /dev/null) || common::err "No such file or directory: $1"
    printf '%s' "${path}"
}

# common::chdir DIRECTORY: changes the working directory.
common::chdir() {
    cd -- "$1" 2> /dev/null || common::err "Could not change directory: $1"
}

# common::mountpoint PATH: prints the mount point that the path is on.
common::mountpoint() {
    local path=

    path=$(common::realpath "$1") || exit 1
    while [ -n "${path}" ] && ! mountpoint -q "${path}"; do
        path="${path%/*}"
    done
    printf '%s' "${path:-/}"
}

# common::mktmpdir PREFIX: makes a private temporary directory and prints its path.
common::mktmpdir() {
    mktemp -d -p "${ENROOT_TEMP_PATH:-${TMPDIR:-/tmp}}" "$1.XXXXXXXXXX"
}

# common::rmall PATH: removes a tree, on one file system only, whatever its permissions.
common::rmall() {
    if ! rm -rf --one-file-system --preserve-root -- "$1" 2> /dev/null; then
        chmod -R -f u+rwX -- "$1" || :
        rm -rf --one-file-system --preserve-root -- "$1"
    fi
}

# common::fixperms PATH: lets the owner of a tree read, enter and change all of it.
common::fixperms() {
    chmod -R -f u+rX -- "$1" || :
    find "$1" -type d ! -perm -u=w -exec chmod -f u+w {} +
}

# common::read ARGUMENT...: read, for which the end of the input is no failure.
common::read() {
    # shellcheck disable=SC2162
    read "$@" || :
}

# common::readstrarray NAME TEXT: sets an array to the lines of a text.
common::readstrarray() {
    if [ -n "$2" ]; then
        readarray -t "$1" <<< "$2"
    fi
}

# common::envsubst FILE: prints a file with each ${NAME} replaced by the variable's value.
common::envsubst() {
    [ -f "$1" ] || return 0
    awk '{
        rest = $0
        while (match(rest, /[$][{][A-Za-z_][A-Za-z0-9_]*[}]/)) {
            printf "%s%s", substr(rest, 1, RSTART - 1), ENVIRON[substr(rest, RSTART + 2, RLENGTH - 3)]
            rest = substr(rest, RSTART + RLENGTH)
        }
        print rest
    }' "$1"
}

# common::envfmt FILE: leaves only the variables of an environment file: no leading blanks, no
# comments, no ENROOT_ variables, no quotes around values.
common::envfmt() {
    sed -i -E \
        -e 's/^[[:space:]]+//' \
        -e '/^[[:alpha:]_][[:alnum:]_]*=/!d' \
        -e '/^ENROOT_/d' \
        -e "s/^([^=]*)=\"(.*)\"[[:space:]]*\$/\\1=\\2/;t" \
        -e "s/^([^=]*)='(.*)'[[:space:]]*\$/\\1=\\2/" \
        "$1"
}

# common::runparts list|exec SUFFIX DIRECTORY: prints, or runs where executable, the files of a
# directory with a suffix, in order of their names.
common::runparts() {
    local action="$1" suffix="$2" dir="$3" file=

    for file in "${dir}"/*"${suffix}"; do
        [ -e "${file}" ] || continue
        case "${action}" in
        list)
            printf '%s\n' "${file}" ;;
        exec)
            if [ -x "${file}" ]; then
                "${file}" || common::err "${file} exited with return code $?"
            fi
            ;;
        esac
    done
}

# common::getpwent, common::getgrent: print the passwd or group entry of the caller on the host.
common::getpwent() {
    local uid='' x=''

    read -r x uid x < /proc/self/uid_map
    getent passwd "${uid}"
}

common::getgrent() {
    local gid='' x=''

    read -r x gid x < /proc/self/gid_map
    getent group "${gid}"
}

# common::debarch ARCHITECTURE: prints Debian's name for an architecture of uname(1).
common::debarch() {
    case "$1" in
    x86_64)  printf 'amd64' ;;
    aarch64) printf 'arm64' ;;
    ppc64le) printf 'ppc64le' ;;
    *)       common::err "Unsupported architecture: $1" ;;
    esac
}

# common::jq ARGUMENT...: jq, failing with a message.
common::jq() {
    jq "$@" 2> /dev/null || common::err "Could not process JSON input"
}
